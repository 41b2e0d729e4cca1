// Runs a network on zeros: what its attention blocks are, and what comes out.
//
//   attend MODEL.onnx
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "attention/mechanism.h"
#include "formats/onnx.h"
#include "graph/optimize.h"
#include "graph/session.h"
#include "graph/xtensor.h"

using namespace heed;

// The declared shape of an input, with 64 for every extent that the file leaves open, and 1 for the
// first (the batch).
static Shape shape_of(const Tensor& tensor) {
  Shape shape;
  for (const Dimension& dimension : tensor.dims) {
    const bool batch = shape.rank() == 0;
    shape.push_back(dimension.extent > 0 ? static_cast<Extent>(dimension.extent) : batch ? 1 : 64);
  }
  return shape;
}

static Status attend(const char* path) {
  std::ifstream stream(path, std::ios::binary);
  auto file = std::make_shared<std::vector<char>>(std::istreambuf_iterator<char>(stream),
                                                  std::istreambuf_iterator<char>());
  Result<Graph> graph = read_onnx(std::as_bytes(std::span(*file)), file);
  if (!graph.ok()) return graph.status();
  HEED_TRY(optimize(graph.value(), {.recognize = attention::recognize}));
  Result<std::unique_ptr<Session>> made = Session::create(std::move(graph.value()));
  if (!made.ok()) return made.status();
  Session& session = *made.value();

  std::printf("%zu blocks of attention\n", session.graph().blocks.size());
  for (const Block& block : session.graph().blocks) {
    std::printf("  %s: %s\n", block.id.c_str(), block.mechanism.c_str());
  }
  Request request;
  for (TensorId input : session.graph().inputs) {
    request.inputs.push_back(shape_of(session.graph().tensor(input)));
  }
  HEED_TRY(session.prepare(request));
  for (size_t i = 0; i < request.inputs.size(); ++i) {
    const std::vector<size_t> extents(request.inputs[i].begin(), request.inputs[i].end());
    HEED_TRY(set_input(session, static_cast<int>(i), xt::zeros<float>(extents)));
  }
  const Result<bool> finished = session.execute();
  if (!finished.ok()) return finished.status();
  for (const OutputValue& output : session.outputs()) {
    if (output.dtype != DType::kF32) continue;
    const auto values = view<float>(output);
    std::printf("output %s: %zu elements around %g\n",
                session.graph().tensor(output.tensor).name.c_str(), values.size(),
                xt::mean(values)());
  }
  return {};
}

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::fprintf(stderr, "usage: attend MODEL.onnx\n");
    return 2;
  }
  const Status status = attend(arguments[1]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "attend: %s\n", join(code_name(status.code), ": ", status.message).c_str());
  return 1;
}
