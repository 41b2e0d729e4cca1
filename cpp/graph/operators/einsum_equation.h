// The equation of an Einsum, read.
#pragma once

#include <vector>

#include "base/shape.h"

namespace heed {

// An axis of an operand or of the result is named by a label: a letter, or one of the axes that an
// ellipsis stands for.
using Label = uint8_t;
inline constexpr int kLabelCount = 52 + kMaxRank;  // a-z, A-Z, ellipsis axes counted from the last

struct EinsumEquation {
  std::vector<std::vector<Label>> operands;  // one label for each axis
  std::vector<Label> result;
  Extent extents[kLabelCount] = {};  // of each label; operands whose axis has extent 1 broadcast
};

// "ij,jk->ik" for operands of these shapes, with the result left out ("ij,jk") or ellipses. An
// error where it contradicts itself or the shapes.
Result<EinsumEquation> read_einsum(std::string_view equation, std::span<const Shape> shapes);

}  // namespace heed
