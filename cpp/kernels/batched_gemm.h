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

// Calls body(i, offset of A[i], offset of B[i]) for every matrix of the stack.
template <class F>
void for_each_matrix(const BatchedGemm& shape, F&& body) {
  Extent at[kMaxRank] = {};
  Extent a_offset = 0, b_offset = 0;
  const Extent count = shape.count();
  for (Extent i = 0; i < count; ++i) {
    body(i, a_offset, b_offset);
    for (int axis = shape.rank - 1; axis >= 0; --axis) {
      a_offset += shape.a_steps[axis];
      b_offset += shape.b_steps[axis];
      if (++at[axis] < shape.extents[axis]) break;
      a_offset -= shape.a_steps[axis] * shape.extents[axis];
      b_offset -= shape.b_steps[axis] * shape.extents[axis];
      at[axis] = 0;
    }
  }
}

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
