#include "kernels/convolution.h"

#include <algorithm>

#include "base/parallel.h"
#include "kernels/block_product.h"

namespace heed::kernels {

namespace {

// Terms of one run over K, about: as in gemm.cpp.
constexpr Extent kMaxRun = 1024;
// Floats of input rows in a block of tiles.
constexpr Extent kBlockFloats = 65536;

// Whether neighbouring taps along the width, with their channels, are one stretch of memory.
bool taps_touch(const Convolution& shape) { return shape.groups == 1 && shape.axes[2].step == 1; }

Extent zero_count(const Convolution& shape) {
  return taps_touch(shape) ? shape.axes[2].taps * shape.in_channels : shape.in_channels;
}

// A run over K: taps [begin, end) along the width of lines [line_begin, line_end), a line being a
// pair of the outer two axes' taps. A run of several lines takes them whole.
struct TapRun {
  Extent line_begin, line_end;
  Extent begin, end;

  Extent taps() const { return (line_end - line_begin) * (end - begin); }
};

struct TapRuns {
  Extent lines, width;
  Extent lines_at_once, width_at_once;

  explicit TapRuns(const Convolution& shape)
      : lines(shape.axes[0].taps * shape.axes[1].taps), width(shape.axes[2].taps) {
    const Extent taps = std::clamp<Extent>(kMaxRun / std::max<Extent>(shape.group_in(), 1), 1,
                                           kMaxBlockPointers / kTileRows);
    width_at_once = std::min(width, taps);
    lines_at_once = width <= taps ? std::max<Extent>(taps / std::max<Extent>(width, 1), 1) : 1;
  }
  TapRun first() const { return {0, std::min(lines, lines_at_once), 0, width_at_once}; }
  // Taps per line are `width`; all but the last run of a line are `width_at_once` long.
  TapRun next(const TapRun& run) const {
    if (run.end < width) {
      return {run.line_begin, run.line_end, run.end, std::min(width, run.end + width_at_once)};
    }
    return {run.line_end, std::min(lines, run.line_end + lines_at_once), 0, width_at_once};
  }
  bool is_last(const TapRun& run) const { return run.line_end >= lines && run.end >= width; }
};

// Where the rows of one tile lie.
struct TilePositions {
  Extent corner[kTileRows][3];  // input position of tap 0, may be outside
  Extent image[kTileRows];      // floats from the input's begin to the image
};

// Walks through output positions in order.
class Position {
 public:
  Position(const Convolution& shape, Extent index) : shape_(shape) {
    for (int axis = 2; axis >= 0; --axis) {
      at_[axis] = index % shape.axes[axis].out;
      index /= shape.axes[axis].out;
    }
    image_ = index;
  }
  void next() {
    for (int axis = 2; axis >= 0; --axis) {
      if (++at_[axis] < shape_.axes[axis].out) return;
      at_[axis] = 0;
    }
    ++image_;
  }
  Extent output_offset() const {
    return shape_.out_origin + image_ * shape_.out_image_step + at_[0] * shape_.axes[0].out_step +
           at_[1] * shape_.axes[1].out_step + at_[2] * shape_.axes[2].out_step;
  }
  void store(TilePositions& tile, Extent row) const {
    for (int axis = 0; axis < 3; ++axis) {
      tile.corner[row][axis] = at_[axis] * shape_.axes[axis].stride + shape_.axes[axis].first;
    }
    tile.image[row] =
        image_ * shape_.axes[0].in * shape_.axes[1].in * shape_.axes[2].in * shape_.in_channels;
  }

 private:
  const Convolution& shape_;
  Extent at_[3];
  Extent image_;
};

bool inside(Extent position, Extent extent) {
  return static_cast<uint32_t>(position) < static_cast<uint32_t>(extent);
}

class BlockFiller {
 public:
  BlockFiller(const Convolution& shape, const float* input, const float* zeros)
      : shape_(shape), input_(input), zeros_(zeros) {}

  void fill(Extent first_row, const TapRun& run, RowBlock& block) {
    Position position(shape_, first_row);
    used_ = 0;
    for (Extent t = 0; t < block.tiles(); ++t) {
      TilePositions tile;
      for (Extent r = 0; r < kTileRows; ++r) {
        const Extent row = t * kTileRows + r;
        if (row > 0 && row < block.rows) position.next();
        position.store(tile, r);
        block.offsets[row] = position.output_offset();
      }
      fill_tile(tile, run, block, block.parts[t]);
    }
  }

 private:
  void fill_tile(const TilePositions& tile, const TapRun& run, RowBlock& block,
                 RowBlock::Part& part) {
    const bool whole_lines = taps_touch(shape_) && is_inner(tile, run);
    const Extent width = whole_lines ? 1 : run.end - run.begin;
    part.first = used_;
    part.segments = (run.line_end - run.line_begin) * width;
    part.length = whole_lines ? (run.end - run.begin) * shape_.in_channels : shape_.group_in();
    for (Extent line = run.line_begin; line < run.line_end; ++line) {
      const Extent outer = line / shape_.axes[1].taps * shape_.axes[0].step;
      const Extent middle = line % shape_.axes[1].taps * shape_.axes[1].step;
      for (Extent x = 0; x < width; ++x) {
        const Extent inner = (run.begin + x) * shape_.axes[2].step;
        for (Extent r = 0; r < kTileRows; ++r) {
          block.pointers[used_++] = find(tile, r, outer, middle, inner);
        }
      }
    }
  }

  // Whether all taps of the run lie inside the width, for all rows.
  bool is_inner(const TilePositions& tile, const TapRun& run) const {
    const Extent step = shape_.axes[2].step, extent = shape_.axes[2].in;
    for (Extent r = 0; r < kTileRows; ++r) {
      const Extent begin = tile.corner[r][2] + run.begin * step;
      const Extent last = tile.corner[r][2] + (run.end - 1) * step;
      if (begin < 0 || last >= extent) return false;
    }
    return true;
  }

  const float* find(const TilePositions& tile, Extent r, Extent outer, Extent middle,
                    Extent inner) const {
    const ConvolutionAxis* axes = shape_.axes;
    const Extent z = tile.corner[r][0] + outer;
    const Extent y = tile.corner[r][1] + middle;
    const Extent x = tile.corner[r][2] + inner;
    if (!inside(z, axes[0].in) || !inside(y, axes[1].in) || !inside(x, axes[2].in)) return zeros_;
    return input_ + tile.image[r] + ((z * axes[1].in + y) * axes[2].in + x) * shape_.in_channels;
  }

  const Convolution& shape_;
  const float* input_;
  const float* zeros_;
  Extent used_ = 0;
};

}  // namespace

int64_t packed_convolution_count(const Convolution& shape) {
  const int64_t depth = int64_t{shape.taps()} * shape.group_in();
  return shape.groups * panels_count(static_cast<Extent>(depth), shape.group_out()) +
         zero_count(shape);
}

void pack_convolution(const Convolution& shape, const ConvolutionWeights& weights, float* packed) {
  PanelSource source;
  for (int axis = 0; axis < 3; ++axis) {
    source.extents[axis] = shape.axes[axis].taps;
    source.steps[axis] = weights.tap_steps[axis];
  }
  source.extents[3] = shape.group_in();
  source.steps[3] = weights.in_step;
  source.column_step = weights.out_step;
  const int64_t count = panels_count(source.depth(), shape.group_out());
  for (Extent group = 0; group < shape.groups; ++group, packed += count) {
    source.data = weights.data + group * weights.group_step;
    pack_panels(source, shape.group_out(), packed);
  }
  std::fill_n(packed, zero_count(shape), 0.0f);
}

void convolve(const Convolution& shape, const float* input, const float* packed, const float* bias,
              float* output, const Epilogue& epilogue) {
  RegisterActivation activation;
  const bool in_registers = to_register_activation(epilogue.activation, activation);
  const Extent depth = shape.taps() * shape.group_in();
  const int64_t group_count = panels_count(depth, shape.group_out());
  const float* zeros = packed + shape.groups * group_count;

  const TapRuns runs(shape);
  const Extent run_taps = std::max<Extent>(runs.lines_at_once * runs.width_at_once, 1);
  const Extent run_depth = std::max<Extent>(run_taps * shape.group_in(), 1);
  const Extent tiles = std::clamp<Extent>(
      std::min(kMaxBlockPointers / (run_taps * kTileRows), kBlockFloats / (run_depth * kTileRows)),
      1, kMaxBlockTiles);
  const Extent rows = shape.batch * shape.axes[0].out * shape.axes[1].out * shape.axes[2].out;
  const Extent block_rows = tiles * kTileRows;
  const Extent blocks = (rows + block_rows - 1) / block_rows;

  parallel_for(blocks, 1, [&](Extent begin, Extent end) {
    BlockFiller filler(shape, input, zeros);
    RowBlock block;
    for (Extent b = begin; b < end; ++b) {
      const Extent first_row = b * block_rows;
      block.rows = std::min(block_rows, rows - first_row);
      PanelRange range;
      range.panel_step = static_cast<size_t>(depth) * kPanelColumns;
      range.columns = shape.group_out();
      size_t done = 0;  // floats of a panel
      for (TapRun run = runs.first();; run = runs.next(run)) {
        filler.fill(first_row, run, block);
        range.resume = done > 0;
        range.finish = runs.is_last(run);
        for (Extent group = 0; group < shape.groups; ++group) {
          const Extent column = group * shape.group_out();
          range.panels = packed + group * group_count + done;
          range.bias = bias ? bias + column : nullptr;
          range.row_offset = group * shape.group_in();
          multiply_block(block, range, epilogue.residual ? epilogue.residual + column : nullptr,
                         activation, output + column);
        }
        if (range.finish) break;
        done += static_cast<size_t>(run.taps()) * shape.group_in() * kPanelColumns;
      }
      if (!in_registers) activate_rows(block, shape.out_channels, epilogue.activation, output);
    }
  });
}

}  // namespace heed::kernels
