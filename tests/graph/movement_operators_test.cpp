// Operators that move data: in both layouts, with values that only a run knows, and with what files
// of strangers may say.
#include <catch2/catch.hpp>
#include <functional>

#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

using Integers = std::vector<int64_t>;

HostTensor numbered(const Shape& shape) {
  std::vector<float> values(static_cast<size_t>(shape.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  return host_tensor(std::span<const float>(values), shape);
}

HostTensor integers(const Integers& values) {
  return host_tensor(std::span<const int64_t>(values), Shape{static_cast<Extent>(values.size())});
}

// The first output of a graph of one node, or the text of the error.
struct Outcome {
  std::string message;
  HostTensor output;
};
Outcome run_node(std::string_view op, const std::vector<HostTensor>& inputs,
                 std::initializer_list<GraphBuilder::Attribute> attributes = {}, int opset = 22,
                 size_t outputs = 1, bool channels_last = false) {
  GraphBuilder g(opset);
  std::vector<TensorId> ids;
  for (const HostTensor& input : inputs) {
    ids.push_back(g.input(join("x", ids.size()), input.shape, input.dtype));
  }
  const auto results = g.node_with_outputs(outputs, op, ids, attributes);
  auto out = run(g.build(results), inputs, {channels_last});
  if (!out.ok()) return {std::string(std::string_view(out.status().message)), {}};
  return {{}, out.value()[0]};
}

// Element (i, ...) of a row-major tensor.
float at(const HostTensor& tensor, std::initializer_list<Extent> index) {
  const Strides strides = strides_of(tensor.shape);
  Extent offset = 0;
  int axis = 0;
  for (Extent i : index) offset += i * strides[axis++];
  return tensor.values<float>()[static_cast<size_t>(offset)];
}

// Whether the output of a node over `x` is, in both layouts and row by row, what `source` says:
// the element of x, by its number, that the output's element (n, c, h, w) is.
void check_moves(std::string_view op, const HostTensor& x, const std::vector<HostTensor>& more,
                 std::initializer_list<GraphBuilder::Attribute> attributes, const Shape& shape,
                 const std::function<float(Extent, Extent, Extent, Extent)>& source) {
  for (bool channels_last : {false, true}) {
    std::vector<HostTensor> inputs = {x};
    inputs.insert(inputs.end(), more.begin(), more.end());
    const Outcome out = run_node(op, inputs, attributes, 22, 1, channels_last);
    CAPTURE(op, channels_last);
    REQUIRE(out.message == "");
    REQUIRE(out.output.shape == shape);
    size_t i = 0, wrong = 0;
    for (Extent n = 0; n < shape[0]; ++n)
      for (Extent c = 0; c < shape[1]; ++c)
        for (Extent h = 0; h < shape[2]; ++h)
          for (Extent w = 0; w < shape[3]; ++w)
            wrong += out.output.values<float>()[i++] == source(n, c, h, w) ? 0 : 1;
    CHECK(wrong == 0);
  }
}

}  // namespace

TEST_CASE("images are moved alike in both layouts") {
  const HostTensor x = numbered({2, 8, 4, 6});
  check_moves("Transpose", x, {}, {{"perm", Integers{0, 2, 3, 1}}}, {2, 4, 6, 8},
              [&](auto n, auto c, auto h, auto w) { return at(x, {n, w, c, h}); });
  check_moves("Slice", x,
              {integers({7, 3}), integers({0, INT64_MIN}), integers({1, 2}), integers({-3, -1})},
              {}, {2, 3, 4, 6},
              [&](auto n, auto c, auto h, auto w) { return at(x, {n, 7 - 3 * c, 3 - h, w}); });
  check_moves("Pad", x, {integers({0, 0, 1, -1, 0, 1, 0, 2})}, {}, {2, 9, 5, 7},
              [&](auto n, auto c, auto h, auto w) {
                const bool inside = c < 8 && h >= 1 && w + 1 < 6;
                return inside ? at(x, {n, c, h - 1, w + 1}) : 0.0f;
              });
  check_moves("Pad", x, {integers({0, -1, 0, -2, 0, -2, 0, -1})}, {}, {2, 5, 4, 3},
              [&](auto n, auto c, auto h, auto w) { return at(x, {n, c + 1, h, w + 2}); });
  check_moves("Pad", x, {integers({0, 2, 3, 0, 0, 1, 0, 5})}, {{"mode", std::string("reflect")}},
              {2, 11, 7, 11}, [&](Extent n, Extent c, Extent h, Extent w) {
                const auto mirrored = [](Extent i, Extent extent) {
                  i = std::abs(i);
                  return i < extent ? i : 2 * (extent - 1) - i;
                };
                return at(x, {n, mirrored(c - 2, 8), std::abs(h - 3), mirrored(w, 6)});
              });
  check_moves("Tile", x, {integers({1, 2, 1, 3})}, {}, {2, 16, 4, 18},
              [&](auto n, auto c, auto h, auto w) { return at(x, {n, c % 8, h, w % 6}); });
  check_moves("DepthToSpace", x, {}, {{"blocksize", int64_t{2}}}, {2, 2, 8, 12},
              [&](auto n, auto c, auto h, auto w) {
                return at(x, {n, (h % 2 * 2 + w % 2) * 2 + c, h / 2, w / 2});
              });
  check_moves("DepthToSpace", x, {}, {{"blocksize", int64_t{2}}, {"mode", std::string("CRD")}},
              {2, 2, 8, 12}, [&](auto n, auto c, auto h, auto w) {
                return at(x, {n, c * 4 + h % 2 * 2 + w % 2, h / 2, w / 2});
              });
  check_moves("SpaceToDepth", x, {}, {{"blocksize", int64_t{2}}}, {2, 32, 2, 3},
              [&](auto n, auto c, auto h, auto w) {
                return at(x, {n, c % 8, 2 * h + c / 16, 2 * w + c / 8 % 2});
              });
  const HostTensor none = host_tensor(std::initializer_list<float>{}, Shape{0});
  const HostTensor twice = host_tensor({1.0f, 1.0f, 2.0f, 2.0f}, Shape{4});
  check_moves("Resize", x, {none, twice},
              {{"coordinate_transformation_mode", std::string("asymmetric")},
               {"nearest_mode", std::string("floor")}},
              {2, 8, 8, 12},
              [&](auto n, auto c, auto h, auto w) { return at(x, {n, c, h / 2, w / 2}); });
  // A plane stays a plane, away from the border.
  check_moves("Resize", x, {none, twice}, {{"mode", std::string("linear")}}, {2, 8, 8, 12},
              [&](Extent n, Extent c, Extent h, Extent w) {
                const auto position = [](Extent i, Extent extent) {
                  return std::min(std::max(0.5f * float(i) - 0.25f, 0.0f), float(extent - 1));
                };
                return at(x, {n, c, 0, 0}) + 6 * position(h, 4) + position(w, 6);
              });
}

TEST_CASE("parts of different layouts are joined along every axis, and split again") {
  const HostTensor x = numbered({2, 3, 4, 5});
  for (int64_t axis : {0, 1, 2, 3}) {
    for (bool channels_last : {false, true}) {
      GraphBuilder g;
      const TensorId id = g.input("x", x.shape);
      const TensorId constant = g.constant(x.values<float>(), x.shape);  // always row by row
      const TensorId joined = g.node("Concat", {id, constant, id}, {{"axis", axis}});
      const auto parts = g.node_with_outputs(3, "Split", {joined}, {{"axis", axis}});
      const auto out = run(g.build({parts[0], parts[1], parts[2]}), {x}, {channels_last});
      REQUIRE(out.status().message == "");
      for (const HostTensor& part : out.value()) CHECK(difference(part, x, {}) == "");
    }
  }
}

TEST_CASE("shapes that depend on data are found while the graph runs") {
  GraphBuilder g;
  const TensorId x = g.input("x", {2, 3});
  const TensorId places = g.node("NonZero", {x});
  const TensorId shape = g.node("Shape", {places});
  const TensorId zeros = g.node("ConstantOfShape", {shape});
  const HostTensor input = host_tensor({0.0f, 1.0f, 2.0f, 0.0f, 0.0f, 3.0f}, Shape{2, 3});
  const auto out = run(g.build({places, zeros}), {input});
  REQUIRE(out.status().message == "");
  CHECK(difference(out.value()[0], host_tensor<int64_t>({0, 0, 1, 1, 2, 2}, Shape{2, 3}), {}) ==
        "");
  CHECK(out.value()[1].shape == Shape{2, 3});
}

TEST_CASE("a split of opset 18 may end with a smaller part, an older one may not") {
  const HostTensor x = numbered({7});
  GraphBuilder g;
  const TensorId id = g.input("x", {7});
  const auto parts = g.node_with_outputs(3, "Split", {id}, {{"num_outputs", int64_t{3}}});
  const auto out = run(g.build({parts[0], parts[2]}), {x});
  REQUIRE(out.status().message == "");
  CHECK(out.value()[0].shape == Shape{3});
  CHECK(difference(out.value()[1], host_tensor({6.0f}, Shape{1}), {}) == "");
  CHECK(run_node("Split", {x}, {}, 13, 3).message.find("equal parts") != std::string::npos);
}

TEST_CASE("outputs that nobody reads may be left out") {
  const HostTensor x = numbered({6});
  GraphBuilder g;
  const TensorId id = g.input("x", {6});
  const auto parts = g.node_with_outputs(3, "Split", {id});
  const auto dropped = g.node_with_outputs(2, "Dropout", {parts[2]});
  const auto out = run(g.build({dropped[1], parts[2]}), {x});
  REQUIRE(out.status().message == "");
  CHECK(element(out.value()[0], 1) == 1);
  CHECK(difference(out.value()[1], host_tensor({4.0f, 5.0f}, Shape{2}), {}) == "");
}

TEST_CASE("empty tensors are moved as ONNX defines") {
  const HostTensor empty = numbered({2, 0, 3});
  CHECK(run_node("Transpose", {empty}).output.shape == Shape{3, 0, 2});
  CHECK(run_node("Reshape", {empty, integers({0, 0, -1})}).output.shape == Shape{2, 0, 0});
  CHECK(run_node("Reshape", {empty, integers({3, 0})}, {{"allowzero", int64_t{1}}}).output.shape ==
        Shape{3, 0});
  CHECK(run_node("Gather", {numbered({4, 2}), integers({})}).output.shape == Shape{0, 2});
  const Outcome padded = run_node("Pad", {empty, integers({0, 1, 0, 0, 1, 0})});
  CHECK(padded.output.shape == Shape{2, 2, 3});
  CHECK(padded.output.values<float>()[11] == 0);
  CHECK(run_node("Tile", {empty, integers({1, 5, 0})}).output.shape == Shape{2, 0, 0});
  CHECK(run_node("NonZero", {empty}).output.shape == Shape{3, 0});
}

TEST_CASE("arguments that contradict the shapes are refused with the reason") {
  const HostTensor x = numbered({2, 3});
  const auto message = [&](std::string_view op, const std::vector<HostTensor>& more,
                           std::initializer_list<GraphBuilder::Attribute> attributes = {},
                           int opset = 22, size_t outputs = 1) {
    std::vector<HostTensor> inputs = {x};
    inputs.insert(inputs.end(), more.begin(), more.end());
    return run_node(op, inputs, attributes, opset, outputs).message;
  };
  using Catch::Contains;
  CHECK_THAT(message("Reshape", {integers({4, 2})}), Contains("cannot be reshaped to (4, 2)"));
  CHECK_THAT(message("Reshape", {integers({-1, -1})}), Contains("two -1"));
  CHECK_THAT(message("Reshape", {integers({6, 1, 0})}), Contains("copies axis 2"));
  CHECK_THAT(message("Reshape", {integers({-2, 3})}), Contains("negative extent"));
  CHECK_THAT(message("Reshape", {integers({INT64_MAX, 2})}), Contains("the limit is"));
  CHECK_THAT(message("Flatten", {}, {{"axis", int64_t{3}}}), Contains("axis 3"));
  CHECK_THAT(message("Squeeze", {integers({0})}), Contains("its extent is not 1"));
  CHECK_THAT(message("Unsqueeze", {integers({0, 0})}), Contains("named twice"));
  CHECK_THAT(message("Unsqueeze", {integers({0, 1, 2, 3, 4, 5, 6})}), Contains("limit of 8"));
  CHECK_THAT(message("Transpose", {}, {{"perm", Integers{0, 0}}}), Contains("named twice"));
  CHECK_THAT(message("Transpose", {}, {{"perm", Integers{0}}}), Contains("1 axes"));
  CHECK_THAT(message("Concat", {numbered({3, 3})}, {{"axis", int64_t{1}}}),
             Contains("(2, 3) and (3, 3)"));
  CHECK_THAT(message("Concat", {}, {{"axis", int64_t{2}}}), Contains("axis 2"));
  CHECK_THAT(message("Split", {integers({1, 2})}, {}, 22, 2), Contains("do not add up"));
  CHECK_THAT(message("Split", {integers({1, 0})}, {}, 22, 2), Contains("do not add up"));
  CHECK_THAT(message("Slice", {integers({0}), integers({1}), integers({0}), integers({0})}),
             Contains("step 0"));
  CHECK_THAT(message("Slice", {integers({0, 1}), integers({1})}), Contains("differ in number"));
  CHECK_THAT(message("Pad", {integers({0, 0, 0})}), Contains("3 pads"));
  CHECK_THAT(message("Pad", {integers({-3, 0, 0, 0})}), Contains("by -3 and 0"));
  CHECK_THAT(message("Pad", {integers({0, INT64_MAX, 0, INT64_MAX})}), Contains("the limit is"));
  CHECK_THAT(message("Tile", {integers({1, -1})}), Contains("negative repeat"));
  CHECK_THAT(message("Tile", {integers({INT64_MAX, INT64_MAX})}), Contains("the limit is"));
  CHECK_THAT(message("Expand", {integers({4, 3})}), Contains("do not broadcast"));
  CHECK_THAT(message("Gather", {numbered({1})}), Contains("must be int64 or int32"));
  CHECK_THAT(message("GatherND", {integers({0, 0, 0})}), Contains("do not fit"));
  CHECK_THAT(message("ScatterElements", {integers({0}), numbered({1})}), Contains("do not fit"));
  CHECK_THAT(message("DepthToSpace", {}, {{"blocksize", int64_t{2}}}), Contains("(N, C, H, W)"));
  CHECK_THAT(message("Cast", {}, {{"to", int64_t{8}}}), Contains("type 8"));
  CHECK_THAT(message("Resize", {}, {{"mode", std::string("soft")}}),
             Contains("mode is 'soft', expected one of nearest|linear"));
  CHECK_THAT(message("ReverseSequence", {integers({1})}), Contains("lengths of the shape (1)"));
  CHECK_THAT(message("LSTM", {x, x}), Contains("expected rank 3"));
}

TEST_CASE("constant indices out of range are refused, those of a run are clamped") {
  GraphBuilder g;
  const TensorId x = g.input("x", {3});
  const auto refused = run(g.build({g.node("Gather", {x, g.integers({3})})}), {numbered({3})});
  CHECK(refused.status().message.find("index 3 is outside -3..2") != std::string_view::npos);
  const Outcome clamped = run_node("Gather", {numbered({3}), integers({7, -9})});
  CHECK(difference(clamped.output, host_tensor({2.0f, 0.0f}, Shape{2}), {}) == "");
}
