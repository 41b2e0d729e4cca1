// Conv and ConvTranspose as operators: that kernels of each kind are reached, attributes checked,
// weights may be computed.
#include <catch2/catch.hpp>

#include "support/convolution_reference.h"
#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

using Ints = std::vector<int64_t>;

// (n, h, w, c) to ONNX's (n, c, h, w).
std::vector<float> channels_first(const std::vector<double>& values, int n, int c, int h, int w) {
  std::vector<float> result;
  for (int i = 0; i < n; ++i) {
    for (int channel = 0; channel < c; ++channel) {
      for (int at = 0; at < h * w; ++at) {
        result.push_back(float(values[(size_t(i) * h * w + at) * c + channel]));
      }
    }
  }
  return result;
}

void check_convolution(const ConvolutionCase& c, bool constant_weights) {
  const ConvolutionTrial trial(c);
  const std::vector<double> plain(trial.input.begin(), trial.input.end());
  const HostTensor x =
      host_tensor<float>(channels_first(plain, c.batch, c.in_channels, c.in[1], c.in[2]),
                         {c.batch, c.in_channels, c.in[1], c.in[2]});
  const HostTensor w = host_tensor<float>(
      trial.weights, {c.out_channels, c.in_channels / c.groups, c.kernel[1], c.kernel[2]});
  const HostTensor b = host_tensor<float>(trial.bias, {c.out_channels});
  auto sums = convolution_reference(c, trial.input, trial.weights);
  for (size_t i = 0; i < sums.size(); ++i) sums[i] += trial.bias[i % trial.bias.size()];
  const HostTensor expected =
      host_tensor<float>(channels_first(sums, c.batch, c.out_channels, c.out(1), c.out(2)),
                         {c.batch, c.out_channels, c.out(1), c.out(2)});
  GraphBuilder g;
  std::vector<HostTensor> inputs = {x};
  std::vector<TensorId> ids = {g.input("x", x.shape)};
  if (constant_weights) {
    ids.push_back(g.constant(w.values<float>(), w.shape));
    ids.push_back(g.constant(b.values<float>(), b.shape));
  } else {
    inputs.insert(inputs.end(), {w, b});
    ids.push_back(g.input("w", w.shape));
    ids.push_back(g.input("b", b.shape));
  }
  const TensorId y =
      g.node("Conv", ids,
             {{"group", int64_t{c.groups}},
              {"strides", Ints{c.stride[1], c.stride[2]}},
              {"dilations", Ints{c.dilation[1], c.dilation[2]}},
              {"pads", Ints{c.pad_begin[1], c.pad_begin[2], c.pad_end[1], c.pad_end[2]}}});
  const auto outputs = run(g.build({y}), inputs);
  REQUIRE(outputs.ok());
  CHECK(difference(outputs.value()[0], expected, {1e-4, 1e-4}) == "");
}

}  // namespace

TEST_CASE("Conv takes constant and computed weights on every path") {
  for (bool constant : {true, false}) {
    CAPTURE(constant);
    check_convolution(plane(6, 10, 9, 1), constant);  // pointwise
    check_convolution(plane(6, 10, 9, 1, 2), constant);
    check_convolution(plane(6, 6, 9, 3, 1, 1, 6), constant);   // depthwise
    check_convolution(plane(6, 12, 9, 3, 1, 1, 6), constant);  // with a channel multiplier
    check_convolution(plane(6, 9, 9, 3, 2, 1, 3), constant);   // grouped
    check_convolution(plane(3, 9, 9, 5, 2, 2), constant);
    check_convolution(plane(20, 24, 30, 3, 1, 1), constant);
    ConvolutionCase batch = plane(20, 24, 15, 3, 1, 1);
    batch.batch = 3;
    check_convolution(batch, constant);
  }
}

TEST_CASE("Conv and ConvTranspose check what they are given") {
  const auto fails = [](const char* op, Shape x, Shape w,
                        std::initializer_list<GraphBuilder::Attribute> attributes) {
    GraphBuilder g;
    const TensorId y = g.node(op, {g.input("x", x), g.input("w", w)}, attributes);
    const auto outputs =
        run(g.build({y}), {host_tensor<float>(random_floats(size_t(x.count()), 1), x),
                           host_tensor<float>(random_floats(size_t(w.count()), 1), w)});
    return !outputs.ok();
  };
  for (const char* op : {"Conv", "ConvTranspose"}) {
    CAPTURE(op);
    CHECK_FALSE(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3}, {}));
    CHECK(fails(op, {1, 4}, {4, 4}, {}));
    CHECK(fails(op, {1, 4, 5, 5}, {3, 3, 3, 3}, {}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 0, 3}, {}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"strides", Ints{0, 1}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"strides", Ints{1}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"dilations", Ints{1, -1}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"pads", Ints{0, 0, 0, -1}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"pads", Ints{0, 0, 0}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"kernel_shape", Ints{3, 2}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"group", int64_t{0}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"group", int64_t{3}}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3}, {{"auto_pad", std::string("SOME")}}));
    CHECK(fails(op, {1, 4, 5, 5}, {4, 4, 3, 3},
                {{"pads", Ints{0, INT32_MAX - 2, 0, INT32_MAX - 2}}}));
  }
  CHECK(fails("Conv", {1, 4, 5, 5}, {4, 4, 3, 3}, {{"dilations", Ints{3, 3}}}));
  CHECK(fails("ConvTranspose", {1, 4, 5, 5}, {4, 4, 3, 3}, {{"pads", Ints{9, 0, 9, 0}}}));
  CHECK(fails("ConvTranspose", {1, 4, 5, 5}, {4, 4, 3, 3}, {{"strides", Ints{INT32_MAX - 1, 1}}}));
  CHECK(fails("ConvTranspose", {1, 4, 5, 5}, {4, 4, 3, 3}, {{"output_shape", Ints{5}}}));
  CHECK(fails("ConvTranspose", {1, 4, 5, 5}, {4, 4, 3, 3}, {{"output_shape", Ints{-5, 5}}}));
}
