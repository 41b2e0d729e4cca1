#include "graph/operators/einsum_equation.h"

#include <algorithm>

namespace heed {

namespace {

constexpr Label kFirstEllipsis = 52;
constexpr Label kNoLabel = 255;

Label letter(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<Label>(c - 'a');
  if (c >= 'A' && c <= 'Z') return static_cast<Label>(26 + c - 'A');
  return kNoLabel;
}

// One term: letters, and at most one ellipsis, which stands for `ellipsis_rank` axes.
bool read_term(std::string_view term, int ellipsis_rank, Labels& labels) {
  const auto rank = static_cast<size_t>(ellipsis_rank);
  bool seen = false;
  for (size_t i = 0; i < term.size(); ++i) {
    if (labels.size() + rank >= kLabelCount) return false;
    if (term[i] == '.') {
      if (seen || term.substr(i, 3) != "...") return false;
      seen = true;
      i += 2;
      for (int axis = ellipsis_rank - 1; axis >= 0; --axis) {
        labels.push_back(static_cast<Label>(kFirstEllipsis + axis));
      }
      continue;
    }
    const Label label = letter(term[i]);
    if (label == kNoLabel) return false;
    labels.push_back(label);
  }
  return true;
}

// Axes that the ellipsis of a term stands for, when the operand has `rank`; -1 where letters and
// rank contradict.
int ellipsis_rank(std::string_view term, int rank) {
  const bool has = term.find('.') != std::string_view::npos;
  const int64_t rest = rank - static_cast<int64_t>(term.size()) + (has ? 3 : 0);
  return rest < 0 || (!has && rest != 0) ? -1 : static_cast<int>(rest);
}

}  // namespace

bool Labels::holds(Label label) const { return std::find(begin(), end(), label) != end(); }

bool Labels::operator==(const Labels& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

bool read_einsum(NodeReader& node, EinsumEquation& equation) {
  const std::string_view given = node.node().attributes->text("equation", "");
  std::string text(given);
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  const size_t arrow = text.find("->");
  std::string_view left = std::string_view(text).substr(0, arrow);
  const auto malformed = [&](std::string_view term, int input) {
    node.fail(Code::kInvalidGraph, "the term '%' of '%' is malformed, or does not fit input %",
              term, given, input);
    return false;
  };

  int widest = 0;
  int uses[kLabelCount] = {};
  const int count = node.input_count();
  for (int input = 0; input < count; ++input) {
    const Shape& shape = node.shape(input);
    const size_t comma = left.find(',');
    if ((comma == std::string_view::npos) != (input + 1 == count)) {
      node.fail(Code::kInvalidGraph, "the equation '%' is not of % operands", given, count);
      return false;
    }
    const std::string_view term = left.substr(0, comma);
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
    const int rest = ellipsis_rank(term, shape.rank());
    Labels labels;
    if (rest < 0 || !read_term(term, rest, labels)) return malformed(term, input);
    widest = std::max(widest, rest);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const Label label = labels[static_cast<size_t>(axis)];
      Extent& extent = equation.extents[label];
      if (uses[label]++ == 0 || extent == 1) extent = shape[axis];
      if (shape[axis] != extent && shape[axis] != 1) {
        node.fail(Code::kWrongShape, "an axis of '%' has the extents % and %", given, extent,
                  shape[axis]);
        return false;
      }
    }
    equation.operands.push_back(labels);
  }

  Labels& result = equation.result;
  if (arrow != std::string::npos) {
    const std::string_view term = std::string_view(text).substr(arrow + 2);
    if (!read_term(term, widest, result)) return malformed(term, count);
  } else {
    for (int axis = widest - 1; axis >= 0; --axis) {
      result.push_back(static_cast<Label>(kFirstEllipsis + axis));
    }
    // Alphabetical, capitals first.
    for (int i = 0; i < 52; ++i) {
      const int label = (i + 26) % 52;
      if (uses[label] == 1) result.push_back(static_cast<Label>(label));
    }
  }
  bool seen[kLabelCount] = {};
  for (Label label : result) {
    if (seen[label] || uses[label] == 0) {
      node.fail(Code::kInvalidGraph,
                "the equation '%' names an axis of the result twice, or one that no operand has",
                given);
      return false;
    }
    seen[label] = true;
  }
  return true;
}

}  // namespace heed
