// Runs the ONNX project's own tests of operators (Debian's libonnx-testdata): every model of its
// node folder, natively and in WebAssembly, row-major and, where the first input has rank 3 or
// more, channels-last.
//
//   heed_conformance DATA/node SKIPS COVERED_ELSEWHERE [NAME...]
//
// A test is left out when SKIPS says why. What is left out is tried all the same: one that passes
// makes the run fail, so that the list stays true. Every operator of heed must be met by a test
// that passes, or COVERED_ELSEWHERE names the test file that has it. The last line is "N passed, N
// failed, N skipped".
#include <dirent.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "conformance/skips.h"
#include "formats/onnx.h"
#include "formats/onnx_messages.h"
#include "graph/operator.h"
#include "support/run_graph.h"
#include "support/tensor_file.h"

using namespace heed;
using namespace heed::test;

namespace {

// What ONNX's own test runner allows (onnx.backend.test.runner).
constexpr Tolerance kTolerance = {.relative = 1e-3, .absolute = 1e-7};

std::vector<std::string> files_in(const std::string& folder, std::string_view prefix) {
  std::vector<std::string> names;
  if (DIR* directory = opendir(folder.c_str())) {
    while (const dirent* entry = readdir(directory)) {
      if (std::string_view(entry->d_name).starts_with(prefix)) names.emplace_back(entry->d_name);
    }
    closedir(directory);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// input_0.pb, input_1.pb, ... or output_0.pb, ...
Result<std::vector<HostTensor>> read_tensors(const std::string& folder, std::string_view kind) {
  std::vector<HostTensor> tensors;
  const size_t count = files_in(folder, kind).size();
  for (size_t i = 0; i < count; ++i) {
    Result<HostTensor> tensor = read_tensor_file(join(folder, "/", kind, uint64_t{i}, ".pb"));
    if (!tensor.ok()) return tensor.status();
    tensors.push_back(std::move(tensor.value()));
  }
  return tensors;
}

Status run_case(const std::string& model_path, const std::string& data_folder, bool channels_last) {
  auto file = std::make_shared<std::vector<std::byte>>(read_file(model_path));
  OnnxOptions options;
  options.may_modify_file = channels_last;  // as the engine reads it
  Result<Graph> graph = read_onnx(*file, file, options);
  if (!graph.ok()) return graph.status();
  const Result<std::vector<HostTensor>> inputs = read_tensors(data_folder, "input_");
  if (!inputs.ok()) return inputs.status();
  const Result<std::vector<HostTensor>> expected = read_tensors(data_folder, "output_");
  if (!expected.ok()) return expected.status();
  if (channels_last && (inputs.value().empty() || inputs.value()[0].shape.rank() < 3)) return {};

  const Result<std::vector<HostTensor>> outputs =
      run(std::move(graph.value()), inputs.value(), {.channels_last = channels_last});
  if (!outputs.ok()) return outputs.status();
  if (outputs.value().size() != expected.value().size()) {
    return error(Code::kInternal, "gives ", uint64_t{outputs.value().size()}, " outputs, expected ",
                 uint64_t{expected.value().size()});
  }
  for (size_t i = 0; i < expected.value().size(); ++i) {
    const std::string text = difference(outputs.value()[i], expected.value()[i], kTolerance);
    if (!text.empty()) return error(Code::kInternal, "output ", uint64_t{i}, " ", text);
  }
  return {};
}

Status run_test(const std::string& folder) {
  const std::string model = folder + "/model.onnx";
  for (const std::string& data : files_in(folder, "test_data_set_")) {
    HEED_TRY(run_case(model, join(folder, "/", data), false));
    const Status status = run_case(model, join(folder, "/", data), true);
    if (!status.ok()) return error(status.code, "channels-last: ", status.message);
  }
  return {};
}

// The names of a model's operators, those of other domains as "domain.name"; not those inside of
// branches.
std::set<std::string> operators_of(const std::string& model_path) {
  const std::vector<std::byte> file = read_file(model_path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  Trail trail(bytes);
  onnx::ModelMessage model;
  onnx::GraphMessage graph;
  std::set<std::string> names;
  if (!onnx::read_model(trail, bytes, model).ok() ||
      !onnx::read_graph(trail, model.graph, graph).ok()) {
    return names;
  }
  for (const onnx::NodeMessage& node : graph.nodes) {
    names.insert(node.domain.empty() ? std::string(node.op_type)
                                     : join(node.domain, ".", node.op_type));
  }
  return names;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 4) {
    std::fprintf(stderr, "usage: heed_conformance DATA/node SKIPS COVERED_ELSEWHERE [NAME...]\n");
    return 2;
  }
  const std::string data = arguments[1];
  Skips skips(arguments[2]);
  const std::set<std::string> wanted(arguments + 4, arguments + argument_count);
  const std::vector<std::string> tests = files_in(data, "test_");
  int passed = 0, failed = 0, skipped = 0;
  std::set<std::string> covered;
  const auto fail = [&](std::string_view name, std::string_view why) {
    std::printf("FAILED %s: %s\n", std::string(name).c_str(), std::string(why).c_str());
    ++failed;
  };

  for (const std::string& name : tests) {
    if (!wanted.empty() && !wanted.contains(name)) continue;
    const std::string folder = join(data, "/", name);
    const std::set<std::string> operators = operators_of(folder + "/model.onnx");
    const bool skip = skips.match(name, operators);
    const Status status = run_test(folder);
    if (skip) {
      ++skipped;
      if (status.ok()) fail(name, "passes, although the list of skips has it");
    } else if (status.ok()) {
      ++passed;
      covered.insert(operators.begin(), operators.end());
    } else {
      fail(name, join(code_name(status.code), ": ", status.message));
    }
  }

  if (tests.empty()) fail(data, "has no tests");
  if (wanted.empty()) {
    for (const std::string& line : skips.unused())
      fail(line, "is in the list of skips and matches no test");
    const std::set<std::string> elsewhere = first_words(arguments[3]);
    for (const Operator& op : all_operators()) {
      const std::string name =
          op.domain.empty() ? std::string(op.name) : join(op.domain, ".", op.name);
      const bool named = elsewhere.contains(name);
      if (!covered.contains(name) && !named) fail(name, "is an operator that no test covers");
      if (covered.contains(name) && named)
        fail(name, "is named as covered elsewhere, and a test here covers it");
    }
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}
