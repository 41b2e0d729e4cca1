// MatMul, Gemm and Einsum as operators: broadcasting, transposes, constant and computed operands.
#include <catch2/catch.hpp>
#include <map>

#include "support/run_graph.h"

using namespace heed;
using namespace heed::test;

namespace {

HostTensor random_tensor(const Shape& shape, uint32_t seed) {
  return host_tensor<float>(random_floats(size_t(shape.count()), seed), shape);
}

// Sums the products of all operands over all labels, one term at a time.
HostTensor einsum_reference(const std::string& terms, const std::string& result,
                            const std::vector<HostTensor>& operands) {
  std::map<char, Extent> extents;
  std::vector<std::string> labels(1);
  for (char c : terms) {
    if (c == ',') {
      labels.emplace_back();
    } else {
      labels.back().push_back(c);
    }
  }
  for (size_t i = 0; i < operands.size(); ++i) {
    for (size_t axis = 0; axis < labels[i].size(); ++axis) {
      Extent& extent = extents[labels[i][axis]];
      extent = std::max(extent, operands[i].shape[int(axis)]);
    }
  }
  Shape shape;
  for (char c : result) shape.push_back(extents[c]);
  std::vector<double> sums(size_t(shape.count()), 0.0);
  std::map<char, Extent> at;
  for (;;) {
    double product = 1;
    for (size_t i = 0; i < operands.size(); ++i) {
      Extent offset = 0;
      for (size_t axis = 0; axis < labels[i].size(); ++axis) {
        const Extent extent = operands[i].shape[int(axis)];
        offset = offset * extent + (extent == 1 ? 0 : at[labels[i][axis]]);
      }
      product *= operands[i].values<float>()[size_t(offset)];
    }
    Extent target = 0;
    for (char c : result) target = target * extents[c] + at[c];
    sums[size_t(target)] += product;
    auto label = extents.begin();
    for (; label != extents.end(); ++label) {
      if (++at[label->first] < label->second) break;
      at[label->first] = 0;
    }
    if (label == extents.end()) break;
  }
  const std::vector<float> values(sums.begin(), sums.end());
  return host_tensor<float>(values, shape);
}

void check_einsum(const std::string& terms, const std::string& result,
                  const std::vector<Shape>& shapes, const std::string& equation = {}) {
  CAPTURE(terms, result);
  GraphBuilder g;
  std::vector<TensorId> ids;
  std::vector<HostTensor> operands;
  for (const Shape& shape : shapes) {
    ids.push_back(g.input(join("x", int(ids.size())), shape));
    operands.push_back(random_tensor(shape, uint32_t(ids.size())));
  }
  const std::string text = equation.empty() ? terms + "->" + result : equation;
  const TensorId y = g.node("Einsum", ids, {{"equation", text}});
  const auto outputs = run(g.build({y}), operands);
  REQUIRE(outputs.ok());
  CHECK(difference(outputs.value()[0], einsum_reference(terms, result, operands), {1e-5, 1e-5}) ==
        "");
}

}  // namespace

TEST_CASE("Einsum agrees with its definition") {
  check_einsum("ij,jk", "ik", {{3, 4}, {4, 5}});
  check_einsum("ij,kj", "ik", {{3, 4}, {5, 4}});
  check_einsum("ij,jk", "ki", {{3, 4}, {4, 5}});
  check_einsum("bhqd,bhkd", "bhqk", {{2, 3, 4, 5}, {2, 3, 6, 5}});
  check_einsum("bhqk,bhkd", "bqhd", {{2, 3, 4, 5}, {2, 3, 5, 6}});
  check_einsum("bqhd,bkhd", "bhqk", {{2, 4, 3, 5}, {2, 6, 3, 5}});
  check_einsum("nchw,hc", "nhw", {{2, 3, 4, 5}, {4, 3}});
  check_einsum("i,j", "ij", {{3}, {4}});
  check_einsum("i,i", "", {{3}, {3}});
  check_einsum("ij,jk,kl", "il", {{2, 3}, {3, 4}, {4, 5}});
  check_einsum("bi,oij,bj", "bo", {{2, 3}, {4, 3, 5}, {2, 5}});
}

TEST_CASE("Einsum sums over labels of one operand, walks diagonals and broadcasts extents of 1") {
  check_einsum("ijk", "ki", {{2, 3, 4}});
  check_einsum("ii", "i", {{4, 4}});
  check_einsum("ii", "", {{4, 4}});
  check_einsum("ijk,kl", "il", {{2, 3, 4}, {4, 5}});
  check_einsum("iij,jk", "ik", {{3, 3, 4}, {4, 5}});
  check_einsum("bij,bjk", "bik", {{1, 3, 4}, {2, 4, 5}});
  check_einsum("bij,bjk", "ik", {{1, 3, 4}, {2, 4, 5}});
}

TEST_CASE("Einsum's ellipsis stands for any axes, and the result may be left out") {
  check_einsum("abij,abjk", "abik", {{2, 3, 4, 5}, {2, 3, 5, 6}}, "...ij,...jk->...ik");
  check_einsum("abij,bjk", "abik", {{2, 3, 4, 5}, {3, 5, 6}}, "...ij,...jk->...ik");
  check_einsum("ij,jk", "ik", {{3, 4}, {4, 5}}, " i j , jk");
  check_einsum("ba", "ab", {{3, 4}}, "ba");
}

TEST_CASE("Einsum's equation is checked") {
  const auto fails = [](const std::string& equation, std::vector<Shape> shapes) {
    GraphBuilder g;
    std::vector<TensorId> ids;
    std::vector<HostTensor> operands;
    for (const Shape& shape : shapes) {
      ids.push_back(g.input(join("x", int(ids.size())), shape));
      operands.push_back(random_tensor(shape, 1));
    }
    const TensorId y = g.node("Einsum", ids, {{"equation", equation}});
    return !run(g.build({y}), operands).ok();
  };
  CHECK(fails("ij,jk->ik", {{3, 4}}));
  CHECK(fails("ij->ij", {{3, 4}, {3, 4}}));
  CHECK(fails("ij,jk->ik", {{3, 4}, {5, 6}}));
  CHECK(fails("ij->ijk", {{3, 4}}));
  CHECK(fails("ij->ii", {{3, 4}}));
  CHECK(fails("i?->i", {{3, 4}}));
  CHECK(fails("i..->i", {{3, 4}}));
  CHECK(fails("...i...->i", {{3, 4}}));
  CHECK(fails("", {{3, 4}}));
}

TEST_CASE("MatMul broadcasts stacks of matrices, whatever is constant") {
  const std::pair<Shape, Shape> shapes[] = {{{5, 7}, {7, 9}},       {{7}, {7, 9}},
                                            {{5, 7}, {7}},          {{7}, {7}},
                                            {{2, 3, 5, 7}, {7, 9}}, {{2, 3, 5, 7}, {3, 7, 9}},
                                            {{5, 7}, {2, 3, 7, 9}}, {{2, 1, 5, 7}, {3, 7, 9}},
                                            {{1, 7}, {7, 40}},      {{2, 1, 7}, {2, 7, 33}},
                                            {{3, 5, 7}, {3, 7, 1}}, {{2, 3, 5, 7}, {2, 1, 7, 9}},
                                            {{1, 5, 7}, {4, 7, 9}}, {{0, 7}, {7, 9}},
                                            {{5, 0}, {0, 9}}};
  for (const auto& [a_shape, b_shape] : shapes) {
    const HostTensor a = random_tensor(a_shape, 1), b = random_tensor(b_shape, 2);
    // Each matrix by itself.
    const bool a_row = a_shape.rank() == 1, b_column = b_shape.rank() == 1;
    const Extent m = a_row ? 1 : a_shape[a_shape.rank() - 2], k = a_shape[a_shape.rank() - 1];
    const Extent n = b_column ? 1 : b_shape[b_shape.rank() - 1];
    Shape a_batch, b_batch;
    for (int axis = 0; axis + 2 < a_shape.rank(); ++axis) a_batch.push_back(a_shape[axis]);
    for (int axis = 0; axis + 2 < b_shape.rank(); ++axis) b_batch.push_back(b_shape[axis]);
    const Shape batch = broadcast(a_batch, b_batch).value();
    Shape result = batch;
    if (!a_row) result.push_back(m);
    if (!b_column) result.push_back(n);
    std::vector<float> expected;
    for (Extent i = 0; i < batch.count(); ++i) {
      const auto matrix = [&](const Shape& own) {
        Extent index = 0, rest = i, step = 1;
        for (int axis = batch.rank() - 1; axis >= 0; --axis) {
          const int at = axis - batch.rank() + own.rank();
          if (at >= 0 && own[at] > 1) index += rest % batch[axis] * step;
          if (at >= 0) step *= own[at];
          rest /= batch[axis];
        }
        return index;
      };
      const float* from_a = a.values<float>().data() + matrix(a_batch) * m * k;
      const float* from_b = b.values<float>().data() + matrix(b_batch) * k * n;
      for (Extent r = 0; r < m; ++r) {
        for (Extent c = 0; c < n; ++c) {
          double sum = 0;
          for (Extent j = 0; j < k; ++j) sum += double(from_a[r * k + j]) * from_b[j * n + c];
          expected.push_back(float(sum));
        }
      }
    }
    for (int constants = 0; constants < 3; ++constants) {
      CAPTURE(a_shape.text(), b_shape.text(), constants);
      GraphBuilder g;
      std::vector<HostTensor> inputs;
      const auto operand = [&](const HostTensor& tensor, bool constant, const char* name) {
        if (constant) return g.constant(tensor.values<float>(), tensor.shape);
        inputs.push_back(tensor);
        return g.input(name, tensor.shape);
      };
      const TensorId ia = operand(a, constants == 2, "a"), ib = operand(b, constants == 1, "b");
      const auto outputs = run(g.build({g.node("MatMul", {ia, ib})}), inputs);
      REQUIRE(outputs.ok());
      CHECK(difference(outputs.value()[0], host_tensor<float>(expected, result), {1e-5, 1e-5}) ==
            "");
    }
  }
}

TEST_CASE("Gemm transposes, scales and adds whatever broadcasts") {
  const Shape addends[] = {{4, 6}, {6}, {1, 6}, {4, 1}, {1}, {}};
  for (int transposed = 0; transposed < 4; ++transposed) {
    for (const Shape& c_shape : addends) {
      for (float beta : {1.0f, 0.5f}) {
        for (bool constant : {false, true}) {
          CAPTURE(transposed, c_shape.text(), beta, constant);
          const bool ta = transposed & 1, tb = transposed & 2;
          const HostTensor a = random_tensor(ta ? Shape{5, 4} : Shape{4, 5}, 1);
          const HostTensor b = random_tensor(tb ? Shape{6, 5} : Shape{5, 6}, 2);
          const HostTensor c = random_tensor(c_shape, 3);
          std::vector<float> expected;
          for (int m = 0; m < 4; ++m) {
            for (int n = 0; n < 6; ++n) {
              double sum = 0;
              for (int k = 0; k < 5; ++k) {
                sum += double(a.values<float>()[ta ? k * 4 + m : m * 5 + k]) *
                       b.values<float>()[tb ? n * 5 + k : k * 6 + n];
              }
              const int rows = c_shape.rank() == 2 ? c_shape[0] : 1;
              const int columns = c_shape.rank() > 0 ? c_shape[c_shape.rank() - 1] : 1;
              const int at = (rows > 1 ? m : 0) * columns + (columns > 1 ? n : 0);
              expected.push_back(float(2.0 * sum + beta * c.values<float>()[at]));
            }
          }
          GraphBuilder g;
          std::vector<HostTensor> inputs = {a};
          const TensorId ia = g.input("a", a.shape);
          TensorId ib, ic;
          if (constant) {
            ib = g.constant(b.values<float>(), b.shape);
            ic = g.constant(c.values<float>(), c.shape);
          } else {
            ib = g.input("b", b.shape);
            ic = g.input("c", c.shape);
            inputs.insert(inputs.end(), {b, c});
          }
          const TensorId y = g.node(
              "Gemm", {ia, ib, ic},
              {{"alpha", 2.0f}, {"beta", beta}, {"transA", int64_t{ta}}, {"transB", int64_t{tb}}});
          const auto outputs = run(g.build({y}), inputs);
          REQUIRE(outputs.ok());
          CHECK(difference(outputs.value()[0], host_tensor<float>(expected, {4, 6}),
                           {1e-5, 1e-5}) == "");
        }
      }
    }
  }
}
