// A layer from a safetensors file, on an xtensor expression: its output and its map.
//
//   layer WEIGHTS.safetensors PREFIX
#include "attention/layer.h"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "formats/safetensors.h"
#include "graph/optimize.h"
#include "graph/session.h"
#include "graph/xtensor.h"

using namespace heed;

static Status run(const char* path, const char* prefix) {
  std::ifstream stream(path, std::ios::binary);
  auto file = std::make_shared<std::vector<char>>(std::istreambuf_iterator<char>(stream),
                                                  std::istreambuf_iterator<char>());
  Result<NamedWeights> all = read_safetensors(std::as_bytes(std::span(*file)), file);
  if (!all.ok()) return all.status();
  const NamedWeights weights = attention::weights_under(all.value(), prefix);

  Result<Graph> graph = attention::build_layer({"SqueezeExcite", "", {}, {}}, &weights);
  if (!graph.ok()) return graph.status();
  HEED_TRY(optimize(graph.value()));
  Result<std::unique_ptr<Session>> made = Session::create(std::move(graph.value()));
  if (!made.ok()) return made.status();
  Session& session = *made.value();

  const std::vector<size_t> shape = {1, 16, 5, 7};
  Request request;
  request.inputs = {Shape{1, 16, 5, 7}};
  request.outputs = session.graph().outputs;
  request.blocks = {0};
  HEED_TRY(session.prepare(request));
  HEED_TRY(set_input(session, 0, xt::ones<float>(shape)));
  const Result<bool> finished = session.execute();
  if (!finished.ok()) return finished.status();
  const auto y = view<float>(session.outputs()[0]);
  const auto gate = view<float>(session.outputs()[1]);
  // Of ones, the output is the gate at every position.
  const xt::xarray<float> difference = xt::abs(y - gate);
  std::printf("%s: %zu gates between %g and %g, at most %g from the output\n",
              session.graph().blocks[0].mechanism.c_str(), gate.size(), xt::amin(gate)(),
              xt::amax(gate)(), xt::amax(difference)());
  return {};
}

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    std::fprintf(stderr, "usage: layer WEIGHTS.safetensors PREFIX\n");
    return 2;
  }
  const Status status = run(arguments[1], arguments[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "layer: %s\n", join(code_name(status.code), ": ", status.message).c_str());
  return 1;
}
