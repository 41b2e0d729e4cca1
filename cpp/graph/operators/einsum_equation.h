// The equation of an Einsum, read.
#pragma once

#include <vector>

#include "graph/node_reader.h"

namespace heed {

// An axis of an operand or of the result is named by a label: a letter, or one of the axes that an
// ellipsis stands for.
using Label = uint8_t;
inline constexpr int kLabelCount = 52 + kMaxRank;  // a-z, A-Z, ellipsis axes counted from the last

// A list of labels.
class Labels {
 public:
  void push_back(Label label) { list_[size_++] = label; }
  size_t size() const { return size_; }
  Label operator[](size_t i) const { return list_[i]; }
  const Label* begin() const { return list_; }
  const Label* end() const { return list_ + size_; }
  bool holds(Label label) const;
  bool operator==(const Labels& other) const;

 private:
  uint8_t size_ = 0;
  Label list_[kLabelCount] = {};
};

struct EinsumEquation {
  std::vector<Labels> operands;  // one label for each axis
  Labels result;
  Extent extents[kLabelCount] = {};  // of each label; operands whose axis has extent 1 broadcast
};

// The attribute "equation" ("ij,jk->ik", with the result left out, or with ellipses) for the node's
// inputs. False, and an error, where it contradicts itself or the shapes.
bool read_einsum(NodeReader& node, EinsumEquation& equation);

}  // namespace heed
