// The gate of channel attention against its definition in double.
#include <catch2/catch.hpp>
#include <cmath>

#include "kernels/activation.h"
#include "support/operator_check.h"

using namespace heed;
using namespace heed::test;
using kernels::ActivationKind;

namespace {

constexpr Tolerance kClose = {1e-5, 1e-5};
constexpr int kMean = 1, kMax = 2, kLp = 4, kLse = 8;

using Vector = std::vector<double>;

double relu(double v) { return v < 0 ? 0 : v; }
double half_linear(double v) { return std::fmin(std::fmax(0.2 * v + 0.5, 0), 1); }

// The gate of one image in plain loops: `connect` is what stands between the pools and the gate.
struct Reference {
  int pools = kMean;
  std::string merge = "scores";
  std::function<Vector(const Vector&)> connect = [](const Vector& z) { return z; };
  bool residual = false;
  HostTensor y, map;

  Vector pooled(const HostTensor& x, Extent image, int pool) const {
    const Extent channels = x.shape[1], positions = x.shape.count(2, x.shape.rank());
    Vector z;
    for (Extent c = 0; c < channels; ++c) {
      double sum = 0, squares = 0, exponentials = 0, greatest = -HUGE_VAL;
      for (Extent i = 0; i < positions; ++i) {
        const double v = element(x, static_cast<size_t>((image * channels + c) * positions + i));
        sum += v;
        squares += v * v;
        exponentials += std::exp(v);
        greatest = std::isnan(v) || v > greatest ? v : greatest;
      }
      z.push_back(pool == kMean  ? sum / positions
                  : pool == kMax ? greatest
                  : pool == kLp  ? std::sqrt(squares)
                                 : std::log(exponentials));
    }
    return z;
  }

  Vector gates(const HostTensor& x, Extent image) const {
    const auto add = [](Vector& to, const Vector& more, double scale) {
      for (size_t i = 0; i < to.size(); ++i) to[i] += scale * more[i];
    };
    Vector inside(static_cast<size_t>(x.shape[1])), outside = inside, scores = inside;
    int count = 0;
    for (int pool = 1; pool < 16; pool *= 2) count += (pools & pool) != 0;
    for (int pool = 1; pool < 16; pool *= 2) {
      if (!(pools & pool)) continue;
      const Vector z = pooled(x, image, pool);
      add(inside, z, 1.0 / count);
      Vector v = connect(z);
      add(scores, v, 1);
      for (double& value : v) value = half_linear(value);
      add(outside, v, 1);
    }
    if (merge == "gates") return outside;
    if (merge == "pools") scores = connect(inside);
    for (double& value : scores) value = half_linear(value);
    return scores;
  }

  void run(const HostTensor& x) {
    std::vector<Vector> s;
    for (Extent image = 0; image < x.shape[0]; ++image) s.push_back(gates(x, image));
    const auto gate_at = [&](const Extent* i) {
      return s[static_cast<size_t>(i[0])][static_cast<size_t>(i[1])];
    };
    Shape shape = x.shape;
    for (int axis = 2; axis < shape.rank(); ++axis) shape[axis] = 1;
    map = tensor_of(shape, gate_at);
    y = tensor_of(x.shape, [&](const Extent* i) {
      return at(x, i, x.shape.rank()) * (gate_at(i) + (residual ? 1 : 0));
    });
  }
};

// v = W z + b, W (out, in); b may be left out.
Vector full(const HostTensor& w, const HostTensor& b, const Vector& z) {
  Vector v;
  for (size_t o = 0; o < static_cast<size_t>(w.shape[0]); ++o) {
    double sum = b.data.empty() ? 0 : element(b, o);
    for (size_t i = 0; i < z.size(); ++i) sum += element(w, o * z.size() + i) * z[i];
    v.push_back(sum);
  }
  return v;
}

OperatorCall gate_call(std::vector<HostTensor> inputs, const Reference& reference) {
  OperatorCall call = {"PooledGate", std::move(inputs)};
  call.domain = "heed";
  call.outputs = 2;
  call.attributes = {{"pools", int64_t{reference.pools}},
                     {"merge", reference.merge},
                     {"hidden", static_cast<int64_t>(ActivationKind::kRelu)},
                     {"gate", static_cast<int64_t>(ActivationKind::kHardSigmoid)},
                     {"gate_alpha", 0.2f},
                     {"gate_beta", 0.5f},
                     {"residual", int64_t{reference.residual}}};
  return call;
}

}  // namespace

TEST_CASE("PooledGate is pool, connections, gate and scale") {
  struct Case {
    Shape shape;
    Extent hidden;
    bool biases, residual;
  };
  const Case cases[] = {{{2, 16, 5, 6}, 4, true, false},   {{1, 7, 3, 3}, 2, true, true},
                        {{2, 33, 9}, 5, false, false},     {{1, 480, 2, 3}, 120, true, false},
                        {{2, 6, 4, 4}, 0, true, true},     {{3, 5}, 2, true, false},
                        {{1, 20, 40, 41}, 5, true, false}, {{3, 1, 1, 1}, 1, true, false},
                        {{2, 3, 1, 700}, 2, true, false},  {{1, 530, 1, 2}, 3, true, false},
                        {{2, 5, 3, 2, 3}, 0, false, false}};
  for (const Case& c : cases) {
    const Extent channels = c.shape[1], hidden = c.hidden == 0 ? channels : c.hidden;
    const HostTensor x = random_tensor(c.shape, 1), w1 = random_tensor({hidden, channels, 1, 1}, 2),
                     w2 = random_tensor({channels, hidden}, 4);
    const HostTensor b1 = c.biases ? random_tensor({hidden}, 3) : left_out();
    const HostTensor b2 = c.biases ? random_tensor({channels}, 5) : left_out();
    Reference r;
    r.residual = c.residual;
    r.connect = [&](const Vector& z) {
      Vector h = full(w1, b1, z);
      if (c.hidden == 0) return h;
      for (double& v : h) v = relu(v);
      return full(w2, b2, h);
    };
    r.run(x);
    OperatorCall call = gate_call({x, w1, b1, w2, b2}, r);
    if (c.hidden == 0) call.inputs.resize(3);
    CAPTURE(c.shape.text(), c.hidden);
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
    call.outputs = 1;
    call.constants = true;
    CHECK(difference(call, {r.y}, kClose) == "");
  }
}

TEST_CASE(
    "PooledGate sums any pools: before the gate, before the connections, or behind the gate") {
  for (const Shape& shape : {Shape{2, 18, 7, 5}, Shape{3, 9, 613}, Shape{1, 3, 30, 41}}) {
    const Extent channels = shape[1];
    const HostTensor x = random_tensor(shape, 1, -2, 2), w1 = random_tensor({4, channels}, 2),
                     b1 = random_tensor({4}, 3), w2 = random_tensor({channels, 4}, 4, -0.2f, 0.2f),
                     b2 = random_tensor({channels}, 5);
    for (const int pools :
         {kMax, kLp, kLse, kMean + kMax, kMean + kLse, kMean + kMax + kLp + kLse}) {
      for (const char* merge : {"scores", "pools", "gates"}) {
        for (const bool two : {true, false}) {
          CAPTURE(shape.text(), pools, merge, two);
          Reference r;
          r.pools = pools;
          r.merge = merge;
          if (two) {
            r.connect = [&](const Vector& z) {
              Vector h = full(w1, b1, z);
              for (double& v : h) v = relu(v);
              return full(w2, b2, h);
            };
          }
          r.run(x);
          const OperatorCall call = two ? gate_call({x, w1, b1, w2, b2}, r) : gate_call({x}, r);
          CHECK(difference(call, {r.y, r.map}, kClose) == "");
        }
      }
    }
  }
}

TEST_CASE("the log-sum-exp of a gate neither overflows nor forgets an earlier block") {
  // Two blocks of positions, one 300 above the other: either may come first.
  for (const bool first : {true, false}) {
    const HostTensor x = tensor_of({1, 5, 1024}, [&](const Extent* i) {
      const double place = i[2] % 2 == 0 ? 100 : -HUGE_VAL;
      return (i[2] < 512) == first ? place + 300 : place;
    });
    const HostTensor map =
        tensor_of({1, 5, 1}, [](const Extent*) { return 400 + std::log(256.0); });
    OperatorCall call = {"PooledGate", {x}, {{"pools", int64_t{kLse}}}};
    call.domain = "heed";
    call.outputs = 2;
    CAPTURE(first);
    for (const bool channels_last : {false, true}) {
      const auto outputs = outputs_of(call, channels_last);
      REQUIRE(outputs.ok());
      CHECK(difference(outputs.value()[1], map, {1e-6, 0}) == "");
    }
  }
}

TEST_CASE("PooledGate with a convolution along the channels") {
  struct Case {
    Shape shape;
    Extent taps;
    bool per_channel, circular;
    Extent biases;
  };
  const Case cases[] = {{{2, 16, 5, 6}, 3, false, false, 0}, {{1, 7, 9}, 5, false, true, 1},
                        {{2, 5, 3, 3}, 3, true, false, 5},   {{1, 1, 2, 2}, 3, false, true, 1},
                        {{2, 3, 4, 1}, 7, false, true, 0},   {{3, 2, 1, 1}, 5, true, true, 2},
                        {{1, 65, 3}, 1, false, false, 1},    {{1, 6, 2, 2}, 4, false, false, 0}};
  for (const Case& c : cases) {
    const Extent channels = c.shape[1];
    const HostTensor x = random_tensor(c.shape, 1);
    const HostTensor w = random_tensor({c.per_channel ? channels : 1, 1, c.taps}, 2, -3, 3);
    const HostTensor b = c.biases > 0 ? random_tensor({c.biases}, 3) : left_out();
    Reference r;
    r.pools = kMean + kMax;
    r.connect = [&](const Vector& z) {
      Vector v;
      for (Extent i = 0; i < channels; ++i) {
        double sum = c.biases == 0 ? 0 : element(b, static_cast<size_t>(c.biases == 1 ? 0 : i));
        for (Extent j = 0; j < c.taps; ++j) {
          Extent from = i + j - (c.taps - 1) / 2;
          while (c.circular && from < 0) from += channels;
          while (c.circular && from >= channels) from -= channels;
          if (from < 0 || from >= channels) continue;
          const Extent row = c.per_channel ? i : 0;
          sum += element(w, static_cast<size_t>(row * c.taps + j)) * z[static_cast<size_t>(from)];
        }
        v.push_back(sum);
      }
      return v;
    };
    r.run(x);
    OperatorCall call = gate_call({x, w, b}, r);
    call.attributes.push_back({"connection", std::string("convolution")});
    if (c.circular) call.attributes.push_back({"padding", std::string("circular")});
    CAPTURE(c.shape.text(), c.taps, c.per_channel, c.circular);
    CHECK(difference(call, {r.y, r.map}, kClose) == "");
  }
}

TEST_CASE("a gate of which only the map is read scales nothing") {
  const HostTensor x = random_tensor({2, 6, 3, 5}, 1);
  Reference r;
  r.run(x);
  GraphBuilder g;
  const TensorId input = g.input("x", x.shape);
  const auto outputs =
      g.node_with_outputs(2, "PooledGate", {input},
                          {{"gate", static_cast<int64_t>(ActivationKind::kHardSigmoid)},
                           {"gate_alpha", 0.2f},
                           {"gate_beta", 0.5f}},
                          "heed");
  g.graph().nodes.back().outputs[0] = kNoTensor;
  const auto values = run(g.build({outputs[1]}), {x});
  REQUIRE(values.ok());
  CHECK(difference(values.value()[0], r.map, kClose) == "");
}

TEST_CASE("NaN reaches the gate of its channel through every pool, and no other channel") {
  for (const int pools : {kMean, kMax, kLp, kLse}) {
    for (const Extent place : {0, 17, 600}) {
      const HostTensor x = tensor_of({2, 6, 640}, [&](const Extent* i) {
        return i[0] == 1 && i[1] == 4 && i[2] == place ? double{NAN} : 0.001 * i[1];
      });
      Reference r;
      r.pools = pools;
      r.run(x);
      CAPTURE(pools, place);
      const auto bad = [&](const HostTensor& t) {
        return tensor_of(t.shape, [&](const Extent* i) {
          return i[0] == 1 && i[1] == 4 ? double{NAN} : at(t, i, t.shape.rank());
        });
      };
      CHECK(difference(gate_call({x}, r), {bad(r.y), bad(r.map)}, kClose) == "");
    }
  }
}

TEST_CASE("PooledGate refuses what does not fit, and says what would") {
  const HostTensor x = random_tensor({2, 6, 3, 5}, 1);
  const auto failure = [](std::vector<HostTensor> inputs,
                          std::vector<GraphBuilder::Attribute> attributes = {}) {
    OperatorCall call = {"PooledGate", std::move(inputs), std::move(attributes)};
    call.domain = "heed";
    return outputs_of(call, false).status();
  };
  const GraphBuilder::Attribute convolution = {"connection", std::string("convolution")};
  const auto random = [](const Shape& shape) { return random_tensor(shape, 1); };
  CHECK(failure({random({6})}).code == Code::kWrongShape);
  CHECK(failure({x, random({6, 5})}).code == Code::kWrongShape);
  CHECK(failure({x, random({3, 6}), left_out(), random({6, 4})}).code == Code::kWrongShape);
  CHECK(failure({x, random({3, 6}), random({4}), random({6, 3})}).code == Code::kWrongShape);
  CHECK(failure({x, random({0, 6}), left_out(), random({6, 0})}).code == Code::kWrongShape);
  CHECK(failure({x, random({1, 2, 3})}, {convolution}).code == Code::kWrongShape);
  CHECK(failure({x, random({5, 1, 3})}, {convolution}).code == Code::kWrongShape);
  CHECK(failure({x, random({1, 1, 3}), random({5})}, {convolution}).code == Code::kWrongShape);
  CHECK(failure({x}, {{"pools", int64_t{0}}}).code == Code::kInvalidGraph);
  CHECK(failure({x}, {{"pools", int64_t{16}}}).code == Code::kInvalidGraph);
  CHECK(failure({x}, {{"merge", std::string("?")}}).code == Code::kInvalidGraph);
  const Status status = failure({x, random({6, 5})});
  CHECK(std::string_view(status.message).find("(6, 6)") != std::string_view::npos);
}
