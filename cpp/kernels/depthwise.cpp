#include "kernels/depthwise.h"

#include <algorithm>
#include <utility>

#include "base/parallel.h"
#include "kernels/elementwise_unary.h"
#include "kernels/register_activation.h"

namespace heed::kernels {

namespace {

using simd::f32x4;

// Floats of the weights of a tap.
Extent tap_floats(const Convolution& shape) {
  return (shape.in_channels + 3) / 4 * 4 * shape.group_in();
}

// In each lane channel kAt of that lane's group, in groups of kGroup lanes.
template <int kGroup, int kAt>
inline f32x4 of_group(f32x4 value) {
  if constexpr (kGroup == 1) return value;
  if constexpr (kGroup == 2) return simd::shuffle<kAt, kAt, 2 + kAt, 2 + kAt>(value, value);
  return simd::shuffle<kAt, kAt, kAt, kAt>(value, value);
}

// Taps t of an axis whose input position corner + t * step lies inside.
struct TapRange {
  Extent begin, end;
};
TapRange taps_inside(const ConvolutionAxis& axis, Extent corner) {
  const Extent begin = corner < 0 ? (-corner - 1) / axis.step + 1 : 0;
  Extent end = corner < axis.in ? (axis.in - corner - 1) / axis.step + 1 : 0;
  end = std::min(end, axis.taps);
  return {std::min(begin, end), end};
}

// One row of outputs, of groups of kGroup channels.
template <int kGroup>
class Row {
 public:
  Row(const Convolution& shape, const float* input, const float* packed, const float* bias,
      float* output, const float* residual, const RegisterActivation& activation, Extent index)
      : x_(shape.axes[2]),
        channels_(shape.in_channels),
        weight_step_(tap_floats(shape)),
        bias_(bias),
        activation_(activation) {
    const ConvolutionAxis& y = shape.axes[1];
    const Extent image = index / y.out, at = index % y.out;
    const Extent corner = at * y.stride + y.first;
    const TapRange taps = taps_inside(y, corner);
    rows_ = taps.end - taps.begin;
    // Steps that are not taken may not fit an Extent.
    row_step_ = rows_ > 1 ? y.step * x_.in * channels_ : 0;
    const Extent first = rows_ > 0 ? corner + taps.begin * y.step : 0;
    input_ = input + (image * y.in + first) * x_.in * channels_;
    weights_ = packed + taps.begin * x_.taps * weight_step_;
    const Extent offset = index * x_.out * channels_;
    output_ = output + offset;
    residual_ = residual ? residual + offset : nullptr;
  }

  void run() const {
    for (Extent x = 0; x < x_.out;) {
      if (x + kTile <= x_.out && is_inner(x) && is_inner(x + kTile - 1)) {
        run_tile(x);
        x += kTile;
      } else {
        run_position(x++);
      }
    }
  }

 private:
  // Output positions that share the loads of their weights.
  static constexpr Extent kTile = 4;

  Extent corner(Extent x) const { return x * x_.stride + x_.first; }
  bool is_inner(Extent x) const {
    return corner(x) >= 0 && corner(x) + (x_.taps - 1) * x_.step < x_.in;
  }

  void run_tile(Extent x) const {
    const TapRange taps = {0, x_.taps};
    Extent c = 0;
    if constexpr (kGroup == 1) {
      for (; c + 8 <= channels_; c += 8) run_channels<kTile, 2>(x, taps, c);
    }
    for (; c + 4 <= channels_; c += 4) run_channels<kTile, 1>(x, taps, c);
    for (Extent i = 0; c < channels_ && i < kTile; ++i) run_channels<1, 1>(x + i, taps, c);
  }

  void run_position(Extent x) const {
    const TapRange taps = taps_inside(x_, corner(x));
    Extent c = 0;
    if constexpr (kGroup == 1) {
      for (; c + 16 <= channels_; c += 16) run_channels<1, 4>(x, taps, c);
    }
    for (; c < channels_; c += 4) run_channels<1, 1>(x, taps, c);
  }

  // kVectors vectors of channels from c of kPositions positions from x. A single vector of one
  // position may be the last, of fewer than four channels.
  template <int kPositions, int kVectors>
  void run_channels(Extent x, TapRange taps, Extent c) const {
    constexpr bool kMayBePart = kGroup * kPositions * kVectors == 1;
    const Extent lanes = kMayBePart ? channels_ - c : 4;
    // As above.
    const bool steps = taps.end - taps.begin > 1;
    const Extent tap_step = steps ? x_.step * channels_ : 0;
    const Extent position_step = kPositions > 1 ? x_.stride * channels_ : 0;
    const Extent first = taps.end > taps.begin ? corner(x) + taps.begin * x_.step : 0;
    const float* row = input_ + first * channels_ + c;
    const float* weight_row = weights_ + taps.begin * weight_step_ + c * kGroup;
    f32x4 sums[kPositions][kVectors];
    for (int v = 0; v < kVectors; ++v) {
      const f32x4 bias = bias_ ? simd::load_partial(bias_ + c + 4 * v, lanes) : simd::zero();
      for (int p = 0; p < kPositions; ++p) sums[p][v] = bias;
    }
    for (Extent r = 0; r < rows_; ++r) {
      const float* from = row;
      const float* weights = weight_row;
      const auto step = [&]() __attribute__((always_inline)) {
        const float* position = from;
        f32x4 tap[kVectors][kGroup];
        for (int v = 0; v < kVectors; ++v) {
          for (int i = 0; i < kGroup; ++i) tap[v][i] = simd::load(weights + 4 * (v * kGroup + i));
        }
        for (int p = 0; p < kPositions; ++p, position += position_step) {
          for (int v = 0; v < kVectors; ++v) {
            const f32x4 value = simd::load_partial(position + 4 * v, lanes);
            add(value, tap[v], sums[p][v], std::make_integer_sequence<int, kGroup>());
          }
        }
        from += tap_step;
        weights += weight_step_;
      };
      if constexpr (kGroup > 1) {
#pragma clang loop unroll(disable)
        for (Extent t = taps.begin; t < taps.end; ++t) step();
      } else {
        for (Extent t = taps.begin; t < taps.end; ++t) step();
      }
      row += row_step_;
      weight_row += x_.taps * weight_step_;
    }
    for (int p = 0; p < kPositions; ++p) {
      const Extent offset = (x + p) * channels_ + c;
      for (int v = 0; v < kVectors; ++v) {
        f32x4 sum = sums[p][v];
        if (residual_) sum += simd::load_partial(residual_ + offset + 4 * v, lanes);
        simd::store_partial(output_ + offset + 4 * v, apply(activation_, sum), lanes);
      }
    }
  }

  template <int... kAt>
  static void add(f32x4 value, const f32x4 (&tap)[kGroup], f32x4& sum,
                  std::integer_sequence<int, kAt...>) {
    ((sum = simd::madd(of_group<kGroup, kAt>(value), tap[kAt], sum)), ...);
  }

  const ConvolutionAxis& x_;
  const Extent channels_, weight_step_;
  const float* const bias_;
  const RegisterActivation& activation_;
  // From the first tap inside the input: how many rows of taps, and where input and weights begin.
  Extent rows_, row_step_;
  const float* input_;
  const float* weights_;
  float* output_;
  const float* residual_;
};

template <int kGroup>
void convolve_rows(const Convolution& shape, const float* input, const float* packed,
                   const float* bias, float* output, const Epilogue& epilogue) {
  RegisterActivation activation;
  const bool in_registers = to_register_activation(epilogue.activation, activation);
  const Extent row_floats = shape.axes[2].out * shape.in_channels;
  const int64_t row_work = int64_t{shape.taps()} * row_floats * kGroup;
  const auto grain = static_cast<Extent>(1 + 500000 / (row_work + 1));
  parallel_for(shape.batch * shape.axes[1].out, grain, [&](Extent begin, Extent end) {
    for (Extent index = begin; index < end; ++index) {
      Row<kGroup>(shape, input, packed, bias, output, epilogue.residual, activation, index).run();
      if (!in_registers) {
        activate_row(epilogue.activation, output + index * row_floats, row_floats);
      }
    }
  });
}

}  // namespace

bool is_depthwise(const Convolution& shape) {
  const Extent group = shape.group_in();
  const bool fits =
      group == 1 ? shape.groups > 1 : (group == 2 || group == 4) && shape.in_channels % 4 == 0;
  return fits && shape.in_channels == shape.out_channels && shape.axes[0].in == 1 &&
         shape.axes[0].out == 1 && shape.axes[0].taps == 1 && shape.axes[0].first == 0;
}

int64_t packed_depthwise_count(const Convolution& shape) {
  return int64_t{shape.taps()} * tap_floats(shape);
}

void pack_depthwise(const Convolution& shape, const float* weights, float* packed) {
  const Extent taps = shape.taps(), group = shape.group_in(), floats = tap_floats(shape);
  for (Extent t = 0; t < taps; ++t) {
    for (Extent i = 0; i < floats; ++i) {
      const Extent vector = i / (4 * group), member = i / 4 % group;
      const Extent c = vector * 4 + i % 4;
      *packed++ = c < shape.in_channels ? weights[(c * group + member) * taps + t] : 0.0f;
    }
  }
}

void convolve_depthwise(const Convolution& shape, const float* input, const float* packed,
                        const float* bias, float* output, const Epilogue& epilogue) {
  const Extent group = shape.group_in();
  const auto convolve = group == 1   ? convolve_rows<1>
                        : group == 2 ? convolve_rows<2>
                                     : convolve_rows<4>;
  convolve(shape, input, packed, bias, output, epilogue);
}

}  // namespace heed::kernels
