#include "kernels/recurrent.h"

#include <algorithm>

#include "kernels/gemm.h"

namespace heed::kernels {

namespace {

// y += x, y += a * b, ...: rows that are too short to be worth more than the compiler's vectors.
void add(float* y, const float* x, Extent count) {
  for (Extent i = 0; i < count; ++i) y[i] += x[i];
}
void add_product(float* y, const float* a, const float* b, Extent count) {
  for (Extent i = 0; i < count; ++i) y[i] += a[i] * b[i];
}

void activate(const RecurrentActivation& activation, float clip, float* row, Extent count) {
  if (clip > 0) {
    // In this order NaN stays NaN.
    for (Extent i = 0; i < count; ++i) {
      row[i] = row[i] < -clip ? -clip : row[i] > clip ? clip : row[i];
    }
  }
  if (activation.input_scale != 1) {
    for (Extent i = 0; i < count; ++i) row[i] *= activation.input_scale;
  }
  unary_row(activation.function, row, row, count);
}

// One batch element's rows of the work memory.
struct Element {
  float* gates;      // [gates]: R h, then the gates' values
  float* h;          // [hidden]
  float* c;          // [hidden]; GRU: r h
  float* candidate;  // [hidden]: LSTM: h(c'); GRU: n
};

void step_lstm(const Recurrent& layer, const RecurrentData& data, const Element& at) {
  const Extent n = layer.hidden;
  float *i = at.gates, *o = i + n, *f = o + n, *candidate = f + n;
  if (data.peepholes) {
    add_product(i, data.peepholes, at.c, n);
    add_product(f, data.peepholes + 2 * n, at.c, n);
  }
  activate(layer.f, layer.clip, i, n);
  if (layer.input_forget) {
    for (Extent k = 0; k < n; ++k) f[k] = 1 - i[k];
  } else {
    activate(layer.f, layer.clip, f, n);
  }
  activate(layer.g, layer.clip, candidate, n);
  for (Extent k = 0; k < n; ++k) at.c[k] = f[k] * at.c[k] + i[k] * candidate[k];
  if (data.peepholes) add_product(o, data.peepholes + n, at.c, n);
  activate(layer.f, layer.clip, o, n);
  std::copy_n(at.c, n, at.candidate);
  activate(layer.h, 0, at.candidate, n);
  for (Extent k = 0; k < n; ++k) at.h[k] = o[k] * at.candidate[k];
}

}  // namespace

void recurrent(const Recurrent& layer, const RecurrentData& data) {
  const Extent n = layer.hidden, batch = layer.batch, gates = layer.gates();
  const bool gru = layer.cell == RecurrentCell::kGru;
  float* const gate_rows = data.work;
  float* const h_rows = gate_rows + static_cast<ptrdiff_t>(batch) * gates;
  float* const c_rows = h_rows + static_cast<ptrdiff_t>(batch) * n;
  float* const candidate_rows = c_rows + static_cast<ptrdiff_t>(batch) * n;
  const auto element = [&](Extent b) {
    return Element{gate_rows + static_cast<ptrdiff_t>(b) * gates, h_rows + b * n, c_rows + b * n,
                   candidate_rows + b * n};
  };
  const auto length = [&](Extent b) {
    return data.lengths ? std::clamp<Extent>(data.lengths[b], 0, layer.steps) : layer.steps;
  };
  for (Extent b = 0; b < batch; ++b) {
    const auto begin = [&](const float* initial, float* row) {
      if (initial) {
        std::copy_n(initial + static_cast<ptrdiff_t>(b) * layer.state_batch_step, n, row);
      } else {
        std::fill_n(row, n, 0.0f);
      }
    };
    begin(data.initial_h, element(b).h);
    begin(data.initial_c, element(b).c);
    for (Extent t = length(b); data.y && t < layer.steps; ++t) {
      std::fill_n(data.y + static_cast<ptrdiff_t>(t) * layer.y_time_step +
                      static_cast<ptrdiff_t>(b) * layer.y_batch_step,
                  n, 0.0f);
    }
  }

  const Epilogue plain;
  const Gemm product = {batch, gru ? 2 * n : gates, n, n, gates};
  const Gemm candidate_product = {batch, n, n, n, n};
  for (Extent t = 0; t < layer.steps; ++t) {
    // Elements whose sequence has ended take part in the products, and are left alone otherwise.
    const auto for_each = [&](auto step) {
      for (Extent b = 0; b < batch; ++b) {
        if (t >= length(b)) continue;
        const Extent time = layer.reverse ? length(b) - 1 - t : t;
        step(element(b), time, b);
      }
    };
    const auto gates_at = [&](Extent time, Extent b) {
      return data.gates + static_cast<ptrdiff_t>(time) * layer.gate_time_step +
             static_cast<ptrdiff_t>(b) * layer.gate_batch_step;
    };
    gemm(product, h_rows, data.panels, nullptr, gate_rows, plain);
    if (gru) {
      for_each([&](const Element& at, Extent time, Extent b) {
        add(at.gates, gates_at(time, b), 2 * n);
        activate(layer.f, layer.clip, at.gates, 2 * n);
        const float* r = at.gates + n;
        for (Extent k = 0; k < n; ++k) at.c[k] = r[k] * at.h[k];
      });
      const bool linear = layer.linear_before_reset;
      gemm(candidate_product, linear ? h_rows : c_rows, data.candidate_panels,
           linear ? data.candidate_bias : nullptr, candidate_rows, plain);
    }
    for_each([&](const Element& at, Extent time, Extent b) {
      const float* g = gates_at(time, b);
      if (gru) {
        const float *z = at.gates, *r = z + n;
        if (layer.linear_before_reset) {
          for (Extent k = 0; k < n; ++k) at.candidate[k] *= r[k];
        }
        add(at.candidate, g + 2 * n, n);
        activate(layer.g, layer.clip, at.candidate, n);
        for (Extent k = 0; k < n; ++k) at.h[k] = (1 - z[k]) * at.candidate[k] + z[k] * at.h[k];
      } else {
        add(at.gates, g, gates);
        if (layer.cell == RecurrentCell::kLstm) {
          step_lstm(layer, data, at);
        } else {
          activate(layer.f, layer.clip, at.gates, n);
          std::copy_n(at.gates, n, at.h);
        }
      }
      if (data.y) {
        std::copy_n(at.h, n,
                    data.y + static_cast<ptrdiff_t>(time) * layer.y_time_step +
                        static_cast<ptrdiff_t>(b) * layer.y_batch_step);
      }
    });
  }

  for (Extent b = 0; b < batch; ++b) {
    const ptrdiff_t offset = static_cast<ptrdiff_t>(b) * layer.state_batch_step;
    if (data.final_h) std::copy_n(element(b).h, n, data.final_h + offset);
    if (data.final_c) std::copy_n(element(b).c, n, data.final_c + offset);
  }
}

}  // namespace heed::kernels
