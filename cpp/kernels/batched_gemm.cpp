#include "kernels/batched_gemm.h"

#include "kernels/elementwise_unary.h"
#include "kernels/gemv.h"
#include "kernels/pack_panels.h"
#include "simd/f32x4.h"

namespace heed::kernels {

namespace {

void add_row(float* to, const float* from, Extent count) {
  for (Extent i = 0; i < count; i += 4) {
    const Extent lanes = count - i < 4 ? count - i : 4;
    simd::store_partial(
        to + i, simd::load_partial(to + i, lanes) + simd::load_partial(from + i, lanes), lanes);
  }
}

// A B where A is a row or two, or B a column.
void multiply_vector(const BatchedGemm& shape, const float* a, const float* b, const float* bias,
                     float* c, const Epilogue& epilogue) {
  const Gemm& product = shape.product;
  if (product.columns == 1 && shape.b_row_step == 1) {
    gemv(product.rows, product.depth, b, a, 1, product.a_step, c);
  } else {
    for (Extent m = 0; m < product.rows; ++m) {
      gemv(product.columns, product.depth, a + m * product.a_step, b, shape.b_row_step,
           shape.b_column_step, c + m * product.c_step);
    }
  }
  const Extent count = product.rows * product.columns;
  if (shape.scale != 1) scale_row(c, count, shape.scale);
  if (bias) {
    for (Extent m = 0; m < product.rows; ++m)
      add_row(c + m * product.c_step, bias, product.columns);
  }
  if (epilogue.residual) add_row(c, epilogue.residual, count);
  activate_row(epilogue.activation, c, count);
}

}  // namespace

void scale_row(float* values, Extent count, float scale) {
  for (Extent i = 0; i < count; ++i) values[i] *= scale;
}

bool wants_plain_b(const BatchedGemm& shape, bool b_is_constant) {
  const Gemm& product = shape.product;
  if (product.columns == 1 && shape.b_row_step == 1) return true;
  // Two passes over B cost less than packing it.
  return !b_is_constant && product.rows <= 2;
}

void batched_gemm(const BatchedGemm& shape, const float* a, const BatchedB& b, const float* bias,
                  float* c, const Epilogue& epilogue) {
  const Gemm& product = shape.product;
  const Extent c_count = product.rows * product.columns;
  const Extent b_count = product.depth * product.columns;
  const int64_t panels = panels_count(product.depth, product.columns);
  Extent packed_offset = -1;
  for_each_matrix(shape, [&](Extent i, Extent a_offset, Extent b_offset) {
    const Epilogue part{epilogue.residual ? epilogue.residual + i * c_count : nullptr,
                        epilogue.activation};
    float* to = c + i * c_count;
    if (b.plain && !b.panels) {
      return multiply_vector(shape, a + a_offset, b.plain + b_offset, bias, to, part);
    }
    const float* packed = b.panels;
    if (b.plain && b_offset != packed_offset) {
      pack_panels(
          matrix_source(b.plain + b_offset, product.depth, shape.b_row_step, shape.b_column_step),
          product.columns, b.panels);
      if (shape.scale != 1) {
        for (int64_t j = 0; j < panels; ++j) b.panels[j] *= shape.scale;
      }
      packed_offset = b_offset;
    } else if (!b.plain && b_count > 0) {
      packed += b_offset / b_count * panels;
    }
    gemm(product, a + a_offset, packed, bias, to, part);
  });
}

}  // namespace heed::kernels
