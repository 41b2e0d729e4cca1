#include "kernels/recurrent.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "kernels/pack_panels.h"
#include "support/host_tensor.h"

using namespace heed;
using namespace heed::test;
using kernels::Recurrent;
using kernels::RecurrentCell;
using kernels::UnaryKind;

namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// One layer with random weights, and ONNX's equations in double precision.
struct Layer {
  Recurrent layer = {};
  std::vector<float> gates, recurrence, bias, peepholes, h0, c0;
  std::vector<int32_t> lengths;

  Layer(RecurrentCell cell, Extent steps, Extent batch, Extent hidden) {
    layer.cell = cell;
    layer.steps = steps;
    layer.batch = batch;
    layer.hidden = hidden;
    layer.f = {{cell == RecurrentCell::kRnn ? UnaryKind::kTanh : UnaryKind::kSigmoid}};
    layer.g = layer.h = {{UnaryKind::kTanh}};
    const Extent width = layer.gates();
    layer.gate_time_step = batch * width;
    layer.gate_batch_step = width;
    layer.y_time_step = batch * hidden;
    layer.y_batch_step = layer.state_batch_step = hidden;
    gates = random_floats(size_t(steps * batch * width), 1);
    recurrence = random_floats(size_t(width * hidden), 2);
    bias = random_floats(size_t(hidden), 3);
    peepholes = random_floats(size_t(3 * hidden), 4);
    h0 = random_floats(size_t(batch * hidden), 5);
    c0 = random_floats(size_t(batch * hidden), 6);
  }

  struct Result {
    std::vector<float> y, h, c;
  };

  Result run(bool with_peepholes) const {
    const Extent n = layer.hidden;
    const bool gru = layer.cell == RecurrentCell::kGru;
    const auto panels = [&](Extent first, Extent count) {
      std::vector<float> packed(size_t(kernels::panels_count(n, count)));
      kernels::pack_panels(kernels::matrix_source(recurrence.data() + first * n, n, 1, n), count,
                           packed.data());
      return packed;
    };
    const auto main = panels(0, gru ? 2 * n : layer.gates());
    const auto candidate = gru ? panels(2 * n, n) : std::vector<float>();
    Result result = {std::vector<float>(size_t(layer.steps * layer.batch * n), 77.0f),
                     std::vector<float>(h0.size()), std::vector<float>(h0.size())};
    std::vector<float> work(size_t(layer.work_count()));
    kernels::RecurrentData data = {};
    data.gates = gates.data();
    data.panels = main.data();
    data.candidate_panels = candidate.data();
    data.candidate_bias = bias.data();
    if (with_peepholes) data.peepholes = peepholes.data();
    if (!lengths.empty()) data.lengths = lengths.data();
    data.initial_h = h0.data();
    data.initial_c = c0.data();
    data.final_h = result.h.data();
    data.final_c = result.c.data();
    data.y = result.y.data();
    data.work = work.data();
    kernels::recurrent(layer, data);
    return result;
  }

  double clipped(double x) const {
    return layer.clip > 0 ? std::fmin(std::fmax(x, -layer.clip), layer.clip) : x;
  }

  // Row `row` of R times h.
  double product(Extent row, const std::vector<double>& h) const {
    double sum = 0;
    for (Extent k = 0; k < layer.hidden; ++k) {
      sum += double(recurrence[size_t(row * layer.hidden + k)]) * h[size_t(k)];
    }
    return sum;
  }

  void step(const float* x, bool with_peepholes, std::vector<double>& h,
            std::vector<double>& c) const {
    const Extent n = layer.hidden;
    std::vector<double> next(h), reset(h);
    const auto gate = [&](Extent index, Extent k) {
      return x[index * n + k] + product(index * n + k, h);
    };
    const auto peephole = [&](Extent index, Extent k) {
      return with_peepholes ? peepholes[size_t(index * n + k)] * c[size_t(k)] : 0;
    };
    for (Extent k = 0; k < n; ++k) {
      if (layer.cell == RecurrentCell::kRnn) next[k] = std::tanh(clipped(gate(0, k)));
      if (layer.cell == RecurrentCell::kGru) reset[k] = sigmoid(clipped(gate(1, k))) * h[k];
      if (layer.cell == RecurrentCell::kLstm) {
        const double i = sigmoid(clipped(gate(0, k) + peephole(0, k)));
        const double f = layer.input_forget ? 1 - i : sigmoid(clipped(gate(2, k) + peephole(2, k)));
        c[k] = f * c[k] + i * std::tanh(clipped(gate(3, k)));
        next[k] = sigmoid(clipped(gate(1, k) + peephole(1, k))) * std::tanh(c[k]);
      }
    }
    for (Extent k = 0; layer.cell == RecurrentCell::kGru && k < n; ++k) {
      const double z = sigmoid(clipped(gate(0, k)));
      const double r = sigmoid(clipped(gate(1, k)));
      const double recurrent = layer.linear_before_reset
                                   ? r * (product(2 * n + k, h) + bias[size_t(k)])
                                   : product(2 * n + k, reset);
      next[k] = (1 - z) * std::tanh(clipped(x[2 * n + k] + recurrent)) + z * h[k];
    }
    h = next;
  }

  double worst_error(bool with_peepholes) const {
    const Result actual = run(with_peepholes);
    const Extent n = layer.hidden;
    std::vector<float> y(actual.y.size(), 0.0f);
    double worst = 0;
    for (Extent b = 0; b < layer.batch; ++b) {
      std::vector<double> h(h0.begin() + b * n, h0.begin() + (b + 1) * n);
      std::vector<double> c(c0.begin() + b * n, c0.begin() + (b + 1) * n);
      const Extent length = lengths.empty() ? layer.steps : lengths[size_t(b)];
      for (Extent t = 0; t < length; ++t) {
        const Extent time = layer.reverse ? length - 1 - t : t;
        const Extent row = time * layer.batch + b;
        step(gates.data() + row * layer.gates(), with_peepholes, h, c);
        for (Extent k = 0; k < n; ++k) y[size_t(row * n + k)] = float(h[size_t(k)]);
      }
      for (Extent k = 0; k < n; ++k) {
        worst = std::fmax(worst, std::abs(actual.h[size_t(b * n + k)] - h[size_t(k)]));
        if (layer.cell != RecurrentCell::kLstm) continue;
        worst = std::fmax(worst, std::abs(actual.c[size_t(b * n + k)] - c[size_t(k)]));
      }
    }
    for (size_t i = 0; i < y.size(); ++i) {
      worst = std::fmax(worst, std::abs(actual.y[i] - double(y[i])));
    }
    return worst;
  }
};

}  // namespace

TEST_CASE("recurrent layers follow their equations") {
  for (RecurrentCell cell : {RecurrentCell::kRnn, RecurrentCell::kGru, RecurrentCell::kLstm}) {
    for (Extent hidden : {1, 3, 4, 5, 8, 13}) {
      for (Extent batch : {1, 2, 5}) {
        Layer layer(cell, 4, batch, hidden);
        CAPTURE(int(cell), hidden, batch);
        CHECK(layer.worst_error(false) < 1e-5);
        layer.layer.reverse = true;
        layer.layer.clip = 0.5f;
        CHECK(layer.worst_error(false) < 1e-5);
      }
    }
  }
}

TEST_CASE("peepholes, a coupled forget gate and a late reset change their gates") {
  Layer lstm(RecurrentCell::kLstm, 3, 2, 6);
  CHECK(lstm.worst_error(true) < 1e-5);
  lstm.layer.input_forget = true;
  CHECK(lstm.worst_error(true) < 1e-5);
  Layer gru(RecurrentCell::kGru, 3, 2, 6);
  gru.layer.linear_before_reset = true;
  CHECK(gru.worst_error(false) < 1e-5);
}

TEST_CASE("a sequence ends at its own length, where its reversal begins") {
  for (RecurrentCell cell : {RecurrentCell::kRnn, RecurrentCell::kGru, RecurrentCell::kLstm}) {
    Layer layer(cell, 5, 4, 3);
    layer.lengths = {5, 0, 2, 3};
    CHECK(layer.worst_error(false) < 1e-5);
    layer.layer.reverse = true;
    CHECK(layer.worst_error(false) < 1e-5);
  }
}
