#include "formats/onnx.h"

#include <new>
#include <stdexcept>

#include "formats/file_kind.h"
#include "formats/onnx_graph.h"

namespace heed {

namespace {

using namespace onnx;

// The version of ONNX's own operator set that the file was written for.
Result<int> operator_set_version(const ModelMessage& model) {
  int64_t version = 0;
  for (const OperatorSet& set : model.operator_sets) {
    if (!set.domain.empty()) continue;
    if (version != 0 && version != set.version) {
      return error(Code::kInvalidFile, "it imports two versions of ONNX's operator set");
    }
    version = set.version;
  }
  if (model.operator_sets.empty()) {
    return error(Code::kInvalidFile,
                 "it does not say which version of ONNX's operator set it uses: truncated?");
  }
  if (version == 0) return 0;  // only operators of other domains
  if (version < kFirstOpset || version > kLastOpset) {
    return error(Code::kUnsupportedOpset, "it uses version ", version,
                 " of ONNX's operator set; heed reads ", kFirstOpset, " to ", kLastOpset,
                 ": export it with another opset_version, or use onnx.version_converter");
  }
  return static_cast<int>(version);
}

Result<Graph> read(Trail& trail, std::string_view bytes, Weights& weights) {
  if (bytes.empty()) return error(Code::kInvalidFile, "not an ONNX file");
  const ModelMessage model = read_model(trail, bytes);
  if (!model.has_graph) {
    return error(Code::kInvalidFile, "it has no graph: truncated, or not an ONNX file?");
  }
  const Result<int> version = operator_set_version(model);
  if (!version.ok()) return version.status();
  FileContext context{trail, weights, model, version.value()};
  const Trail::Step in_graph(trail, "graph");
  const GraphMessage message = read_graph(trail, model.graph);
  HEED_TRY(check_operators(context, message));
  Result<Graph> graph = GraphReader(context).read(message);
  if (graph.ok() && !weights.missing_files().empty()) {
    std::string names;
    for (const std::string& name : weights.missing_files())
      names += join(names.empty() ? "'" : ", '", name, "'");
    return error(Code::kMissingExternalData,
                 "its weights are in other files, which were not given: ", names);
  }
  return graph;
}

}  // namespace

Result<Graph> read_onnx(std::span<const std::byte> file, std::shared_ptr<const void> owner,
                        const OnnxOptions& options) {
  // The room's one guarded boundary: protozero throws, and so does an allocation that fails.
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  Trail trail(bytes);
  Result<Graph> graph = Status{};
  if (bytes.size() > INT32_MAX) {
    return error(
        Code::kInvalidFile,
        "an ONNX file has less than 2 GB; larger networks keep their weights in other files");
  }
  try {
    Weights weights(file, std::move(owner), options);
    graph = read(trail, bytes, weights);
  } catch (const protozero::exception&) {
    graph = error(Code::kInvalidFile, "the ONNX file is damaged or truncated at ", trail.text());
  } catch (const std::bad_alloc&) {
    graph = error(Code::kOutOfMemory, "not enough memory to read the ONNX file");
  } catch (const std::length_error&) {
    graph = error(Code::kOutOfMemory, "not enough memory to read the ONNX file");
  }
  if (graph.status().code == Code::kInvalidFile) {
    const std::string_view kind = describe_foreign_file(file);
    if (!kind.empty()) return error(Code::kInvalidFile, "not an ONNX file: ", kind);
  }
  return graph;
}

}  // namespace heed
