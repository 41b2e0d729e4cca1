// Criss-cross attention: every position attends to its column and its row.
#pragma once

#include "kernels/attention.h"

namespace heed::kernels {

// For every position (h, w), jointly over its column without itself and its row:
//   P = softmax(q[h, w] . k[h', w] for h' != h, q[h, w] . k[h, w'] for all w')
//   y[h, w] = sum_h' P[h'] v[h', w] + sum_w' P[w'] v[h, w']
// Columns first, then rows, whose results join those of the columns.
struct CrissCross {
  Extent height = 0, width = 0;  // of the map
  Attention columns, rows;       // heads are columns and rows, queries and keys their positions
};

// Where q, k, v (batch, elements, height, width), y, and map (batch, height, width, height + width)
// lie.
CrissCross make_criss_cross(const Shape& q, Extent values, const Strides& q_steps,
                            const Strides& k_steps, const Strides& v_steps, const Strides& y_steps,
                            const Strides& map_steps);

int64_t criss_cross_scratch(const CrissCross& shape);  // floats

// map may be null: P, the column's part first, 0 at the position itself. y and map overlap nothing.
void criss_cross(const CrissCross& shape, const float* q, const float* k, const float* v, float* y,
                 float* map, float* scratch);

}  // namespace heed::kernels
