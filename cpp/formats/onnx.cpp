#include "formats/onnx.h"

#include "base/guarded.h"
#include "formats/file_kind.h"
#include "formats/onnx_graph.h"

namespace heed {

namespace {

using namespace onnx;

// The version of ONNX's own operator set that the file was written for; 0 when it has only
// operators of other domains.
Status read_version(Trail& trail, const ModelMessage& model, int& version) {
  if (model.operator_sets.empty()) {
    return error(Code::kInvalidFile,
                 "it does not say which version of ONNX's operator set it uses: truncated?");
  }
  int64_t found = 0;
  for (std::string_view bytes : model.operator_sets) {
    OperatorSet set;
    HEED_TRY(read_operator_set(trail, bytes, set));
    if (!set.domain.empty()) continue;
    if (found != 0 && found != set.version) {
      return error(Code::kInvalidFile, "it imports two versions of ONNX's operator set");
    }
    found = set.version;
  }
  if (found != 0 && (found < kFirstOpset || found > kLastOpset)) {
    return error(Code::kUnsupportedOpset, "it uses version ", found,
                 " of ONNX's operator set; heed reads ", kFirstOpset, " to ", kLastOpset,
                 ": export it with another opset_version, or use onnx.version_converter");
  }
  version = static_cast<int>(found);
  return {};
}

Status read(std::span<const std::byte> file, const std::shared_ptr<const void>& owner,
            const OnnxOptions& options, Graph& graph) {
  if (file.empty()) return error(Code::kInvalidFile, "not an ONNX file");
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  Trail trail(bytes);
  ModelMessage model;
  HEED_TRY(read_model(trail, bytes, model));
  if (!model.graph.data()) {
    return error(Code::kInvalidFile, "it has no graph: truncated, or not an ONNX file?");
  }
  int version = 0;
  HEED_TRY(read_version(trail, model, version));
  std::vector<FunctionMessage> functions(model.functions.size());
  for (size_t i = 0; i < functions.size(); ++i) {
    HEED_TRY(read_function(trail, model.functions[i], functions[i]));
  }
  Weights weights(trail, file, owner, options);
  FileContext context{trail, weights, functions, version};
  const Trail::Step in_graph(trail, "graph");
  GraphMessage message;
  HEED_TRY(read_graph(trail, model.graph, message));
  HEED_TRY(check_operators(context, message));
  GraphReader reader(context);
  HEED_TRY(reader.read(message));
  if (!weights.missing_files().empty()) {
    std::string names;
    for (const std::string& name : weights.missing_files())
      names += join(names.empty() ? "'" : ", '", name, "'");
    return error(Code::kMissingExternalData,
                 "its weights are in other files, which were not given: ", names);
  }
  graph = std::move(reader.graph());
  return {};
}

}  // namespace

Result<Graph> read_onnx(std::span<const std::byte> file, std::shared_ptr<const void> owner,
                        const OnnxOptions& options) {
  if (file.size() > INT32_MAX) {
    return error(
        Code::kInvalidFile,
        "an ONNX file has less than 2 GB; larger networks keep their weights in other files");
  }
  Result<Graph> result = Graph();
  Status status;
  if (!enough_memory_for([&] { status = read(file, owner, options, result.value()); })) {
    status = error(Code::kOutOfMemory, "not enough memory to read the ONNX file");
  }
  if (status.code == Code::kInvalidFile) {
    const std::string_view kind = describe_foreign_file(file);
    if (!kind.empty()) status = error(Code::kInvalidFile, "not an ONNX file: ", kind);
  }
  if (!status.ok()) return status;
  return result;
}

}  // namespace heed
