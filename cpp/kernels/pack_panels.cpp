#include "kernels/pack_panels.h"

#include "base/parallel.h"
#include "kernels/micro_kernel.h"
#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

using simd::f32x4;

// Steps of one run of the innermost axis of K: `depth` rows of `columns` elements.
void pack_run(const float* from, Extent depth, Extent row_step, Extent column_step, Extent columns,
              float* to) {
  Extent k = 0;
  if (columns == kPanelColumns && column_step == 1) {
    for (; k < depth; ++k, from += row_step, to += kPanelColumns) {
      simd::store(to, simd::load(from));
      simd::store(to + 4, simd::load(from + 4));
    }
    return;
  }
  if (columns == kPanelColumns && row_step == 1) {
    for (; k + 4 <= depth; k += 4, from += 4, to += 4 * kPanelColumns) {
      for (int half = 0; half < kPanelColumns; half += 4) {
        const float* column = from + half * column_step;
        f32x4 a = simd::load(column), b = simd::load(column + column_step);
        f32x4 c = simd::load(column + 2 * column_step), d = simd::load(column + 3 * column_step);
        simd::transpose(a, b, c, d);
        simd::store(to + half, a);
        simd::store(to + half + kPanelColumns, b);
        simd::store(to + half + 2 * kPanelColumns, c);
        simd::store(to + half + 3 * kPanelColumns, d);
      }
    }
  }
  for (; k < depth; ++k, from += row_step, to += kPanelColumns) {
    for (Extent j = 0; j < kPanelColumns; ++j) to[j] = j < columns ? from[j * column_step] : 0.0f;
  }
}

}  // namespace

int64_t panels_count(Extent depth, Extent columns) {
  return int64_t{depth} * ((int64_t{columns} + kPanelColumns - 1) / kPanelColumns * kPanelColumns);
}

void pack_panels(const PanelSource& source, Extent columns, float* panels) {
  const Extent panel_count = (columns + kPanelColumns - 1) / kPanelColumns;
  const Extent depth = source.depth();
  const Extent run = source.extents[3];
  if (depth == 0) return;
  parallel_for(panel_count, 1 + 65536 / depth, [&](Extent begin, Extent end) {
    for (Extent panel = begin; panel < end; ++panel) {
      const Extent first = panel * kPanelColumns;
      const Extent count = columns - first < kPanelColumns ? columns - first : kPanelColumns;
      const float* from = source.data + first * source.column_step;
      float* to = panels + size_t(panel) * size_t(depth) * kPanelColumns;
      for (Extent a = 0; a < source.extents[0]; ++a) {
        for (Extent b = 0; b < source.extents[1]; ++b) {
          for (Extent c = 0; c < source.extents[2]; ++c) {
            const Extent at = a * source.steps[0] + b * source.steps[1] + c * source.steps[2];
            pack_run(from + at, run, source.steps[3], source.column_step, count, to);
            to += run * kPanelColumns;
          }
        }
      }
    }
  });
}

}  // namespace heed::kernels
