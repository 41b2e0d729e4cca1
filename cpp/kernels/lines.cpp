#include "kernels/lines.h"

namespace heed::kernels {

Lines make_lines(const Shape& shape, uint32_t axes, const Strides& x, const Strides& y) {
  Shape kept = shape, line = shape;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    ((axes >> axis & 1) != 0 ? kept : line)[axis] = 1;
  }
  // In front, the steps of the logical order: they decide the order of the walk.
  const Strides operands[] = {strides_of(line), x, y};
  return {make_loop(kept, {operands + 1, 2}), make_loop(line, operands), line.count()};
}

}  // namespace heed::kernels
