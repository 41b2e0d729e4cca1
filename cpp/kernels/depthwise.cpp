#include "kernels/depthwise.h"

#include <algorithm>
#include <cstring>

#include "base/parallel.h"
#include "kernels/depthwise_tile.h"
#include "kernels/elementwise_unary.h"

namespace heed::kernels {

namespace {

using simd::f32x4;

Extent rounded_channels(const Convolution& shape) { return (shape.in_channels + 3) / 4 * 4; }

// Taps t of an axis whose input position corner + t * step lies inside.
struct TapRange {
  Extent begin, end;
};
TapRange taps_inside(const ConvolutionAxis& axis, Extent corner) {
  Extent begin = corner < 0 ? (-corner - 1) / axis.step + 1 : 0;
  Extent end = corner < axis.in ? (axis.in - corner - 1) / axis.step + 1 : 0;
  end = std::min(end, axis.taps);
  return {std::min(begin, end), end};
}

// Kernels of more rows take another path.
constexpr Extent kMaxTileRows = 7;

// One row of outputs.
class Row {
 public:
  Row(const Convolution& shape, const float* input, const float* packed, const float* bias,
      float* output, const float* residual, const RegisterActivation& activation, Extent index)

      : x_(shape.axes[2]),
        channels_(shape.in_channels),
        weight_step_(rounded_channels(shape)),
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

  void run_tiles(const DepthwiseCode& code) const {
    for (Extent x = 0; x < x_.out; x += code.columns) {
      // The last tile may overlap the one in front of it.
      const Extent begin = std::max<Extent>(std::min(x, x_.out - code.columns), 0);
      run_tile(code, begin, std::min(code.columns, x_.out - begin));
    }
  }

  // Any width, stride and dilation.
  void run_positions() const {
    for (Extent x = 0; x < x_.out; ++x) {
      const Extent corner = x * x_.stride + x_.first;
      const TapRange taps = taps_inside(x_, corner);
      Extent c = 0;
      for (; c + 16 <= channels_; c += 16) run_position<4>(x, corner, taps, c, 4);
      for (; c < channels_; c += 4) {
        run_position<1>(x, corner, taps, c, std::min<Extent>(channels_ - c, 4));
      }
    }
  }

 private:
  // Channels copied at once for tiles that reach over an edge.
  static constexpr Extent kEdgeChannels = 32;

  void run_tile(const DepthwiseCode& code, Extent x, Extent columns) const {
    const Extent corner = x * x_.stride + x_.first;
    const Extent width = (code.columns - 1) * x_.stride + x_.taps;
    DepthwiseTile tile{};
    tile.rows = rows_;
    tile.weight_step = weight_step_;
    tile.output_step = channels_;
    tile.activation = &activation_;
    const bool inner = corner >= 0 && corner + width <= x_.in;
    const Extent whole = inner ? channels_ / 4 * 4 : 0;
    if (whole > 0) {
      tile.input = input_ + corner * channels_;
      tile.row_step = row_step_;
      tile.column_step = channels_;
      tile.channels = whole;
      run_channels(code, tile, x, columns, 0);
    }
    // What lies over an edge, and the last channels, where vectors would read past the input's end,
    // go through a copy.
    for (Extent c = whole; c < channels_; c += kEdgeChannels) {
      float copy[kMaxTileRows * kMaxTileInputs * kEdgeChannels];
      tile.channels = std::min(channels_ - c, kEdgeChannels);
      tile.input = copy;
      tile.column_step = kEdgeChannels;
      tile.row_step = width * kEdgeChannels;
      copy_columns(corner, width, c, tile.channels, copy);
      run_channels(code, tile, x, columns, c);
    }
  }

  void run_channels(const DepthwiseCode& code, DepthwiseTile& tile, Extent x, Extent columns,
                    Extent c) const {
    const Extent offset = x * channels_ + c;
    tile.weights = weights_ + c;
    tile.bias = bias_ ? bias_ + c : nullptr;
    tile.output = output_ + offset;
    tile.residual = residual_ ? residual_ + offset : nullptr;
    code.run(tile, columns);
  }

  // copy[r][i][..] = channels c, c + 1, ... of input position (r, corner + i); zeros outside and in
  // the vectors' last lanes.
  void copy_columns(Extent corner, Extent width, Extent c, Extent channels, float* copy) const {
    for (Extent r = 0; r < rows_; ++r) {
      const float* row = input_ + r * row_step_ + c;
      for (Extent i = 0; i < width; ++i, copy += kEdgeChannels) {
        const Extent x = corner + i;
        const bool inside = x >= 0 && x < x_.in;
        for (Extent j = 0; j < channels; j += 4) {
          const f32x4 value =
              inside ? simd::load_partial(row + x * channels_ + j, channels - j) : simd::zero();
          simd::store(copy + j, value);
        }
      }
    }
  }

  template <int kVectors>
  void run_position(Extent x, Extent corner, const TapRange& taps, Extent c, Extent lanes) const {
    const Extent first = taps.end > taps.begin ? corner + taps.begin * x_.step : 0;
    const float* row = input_ + c + first * channels_;
    const float* weight_row = weights_ + c + taps.begin * weight_step_;
    const Extent tap_step = taps.end - taps.begin > 1 ? x_.step * channels_ : 0;
    f32x4 sums[kVectors];
    for (int i = 0; i < kVectors; ++i) {
      sums[i] = bias_ ? simd::load_partial(bias_ + c + 4 * i, lanes) : simd::zero();
    }
    for (Extent r = 0; r < rows_; ++r) {
      const float* from = row;
      const float* weights = weight_row;
      for (Extent t = taps.begin; t < taps.end; ++t) {
        for (int i = 0; i < kVectors; ++i) {
          sums[i] = simd::madd(simd::load_partial(from + 4 * i, lanes), simd::load(weights + 4 * i),
                               sums[i]);
        }
        from += tap_step;
        weights += weight_step_;
      }
      row += row_step_;
      weight_row += x_.taps * weight_step_;
    }
    for (int i = 0; i < kVectors; ++i) {
      const Extent offset = x * channels_ + c + 4 * i;
      if (residual_) sums[i] += simd::load_partial(residual_ + offset, lanes);
      simd::store_partial(output_ + offset, apply(activation_, sums[i]), lanes);
    }
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

}  // namespace

bool is_depthwise(const Convolution& shape) {
  return shape.groups == shape.in_channels && shape.groups == shape.out_channels &&
         shape.groups > 1 && shape.axes[0].in == 1 && shape.axes[0].out == 1 &&
         shape.axes[0].taps == 1 && shape.axes[0].first == 0;
}

int64_t packed_depthwise_count(const Convolution& shape) {
  return int64_t{shape.taps()} * rounded_channels(shape);
}

void pack_depthwise(const Convolution& shape, const float* weights, float* packed) {
  const Extent taps = shape.taps(), channels = shape.in_channels, step = rounded_channels(shape);
  for (Extent t = 0; t < taps; ++t) {
    for (Extent c = 0; c < step; ++c) *packed++ = c < channels ? weights[c * taps + t] : 0.0f;
  }
}

void convolve_depthwise(const Convolution& shape, const float* input, const float* packed,
                        const float* bias, float* output, const Epilogue& epilogue) {
  RegisterActivation activation;
  const bool in_registers = to_register_activation(epilogue.activation, activation);
  const ConvolutionAxis& x = shape.axes[2];
  const bool tiled = x.step == 1 && shape.axes[1].taps <= kMaxTileRows;
  const DepthwiseCode* code = tiled ? find_depthwise_code(x.taps, x.stride) : nullptr;
  const Extent row_floats = x.out * shape.in_channels;
  const int64_t row_work = int64_t{shape.taps()} * row_floats;
  const auto grain = static_cast<Extent>(1 + 500000 / (row_work + 1));
  parallel_for(shape.batch * shape.axes[1].out, grain, [&](Extent begin, Extent end) {
    for (Extent index = begin; index < end; ++index) {
      const Row row(shape, input, packed, bias, output, epilogue.residual, activation, index);
      if (code) {
        row.run_tiles(*code);
      } else {
        row.run_positions();
      }
      if (!in_registers) {
        activate_row(epilogue.activation, output + index * row_floats, row_floats);
      }
    }
  });
}

}  // namespace heed::kernels
