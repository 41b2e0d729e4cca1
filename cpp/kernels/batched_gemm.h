// Matrix products of stacks of matrices.
#pragma once

#include "kernels/gemm.h"

namespace heed::kernels {

// C[i] = activation(scale * A[i] B[i] + bias + residual[i]) for every index i of up to kMaxRank
// axes, last one fastest; a step of 0 broadcasts. The matrices C[i] follow one another.
struct BatchedGemm {
  Gemm product;                              // c_step is its `columns`
  Extent b_row_step = 0, b_column_step = 1;  // floats
  float scale = 1;
  int rank = 0;
  Extent extents[kMaxRank] = {};
  Extent a_steps[kMaxRank] = {}, b_steps[kMaxRank] = {};

  Extent count() const {
    Extent product_of_extents = 1;
    for (int axis = 0; axis < rank; ++axis) product_of_extents *= extents[axis];
    return product_of_extents;
  }
};

// Whether the product is one that gains nothing from panels (a vector is multiplied):
// `batched_gemm` then reads B as it is.
bool wants_plain_b(const BatchedGemm& shape, bool b_is_constant);

// How B reaches the product: `plain` and room for the panels of one matrix (null where
// wants_plain_b says so), or, if `plain` is null, the panels of all of B's matrices, those at
// offset o of plain B at o / (K N) * panels_count(K, N) (scaled already).
struct BatchedB {
  const float* plain = nullptr;
  float* panels = nullptr;
};

// `bias` is [columns] or null.
void batched_gemm(const BatchedGemm& shape, const float* a, const BatchedB& b, const float* bias,
                  float* c, const Epilogue& epilogue);

// values[i] *= scale.
void scale_row(float* values, Extent count, float scale);

}  // namespace heed::kernels
