#include "graph/operators/einsum_equation.h"

#include <algorithm>

namespace heed {

namespace {

constexpr Label kFirstEllipsis = 52;

Result<Label> letter(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<Label>(c - 'a');
  if (c >= 'A' && c <= 'Z') return static_cast<Label>(26 + c - 'A');
  return error(Code::kInvalidGraph, "Einsum's equation has the character '",
               std::string_view(&c, 1), "'");
}

// One term: letters, and at most one ellipsis, which stands for `ellipsis_rank` axes.
Result<std::vector<Label>> read_term(std::string_view term, int ellipsis_rank) {
  std::vector<Label> labels;
  bool seen = false;
  for (size_t i = 0; i < term.size(); ++i) {
    if (term[i] == '.') {
      if (seen || term.substr(i, 3) != "...") {
        return error(Code::kInvalidGraph, "Einsum's term '", term, "' is malformed");
      }
      seen = true;
      i += 2;
      for (int axis = ellipsis_rank - 1; axis >= 0; --axis) {
        labels.push_back(static_cast<Label>(kFirstEllipsis + axis));
      }
      continue;
    }
    const Result<Label> label = letter(term[i]);
    if (!label.ok()) return label.status();
    labels.push_back(label.value());
  }
  return labels;
}

// Axes that the ellipsis of a term stands for, when the operand has `rank`; an error where letters
// and rank contradict.
Result<int> ellipsis_rank(std::string_view term, int rank) {
  const bool has = term.find('.') != std::string_view::npos;
  const auto letters = static_cast<int64_t>(term.size()) - (has ? 3 : 0);
  const int64_t rest = rank - letters;
  if (rest < 0 || (!has && rest != 0)) {
    return error(Code::kWrongShape, "Einsum's term '", term, "' does not fit an operand of rank ",
                 rank);
  }
  return static_cast<int>(rest);
}

}  // namespace

Result<EinsumEquation> read_einsum(std::string_view equation, std::span<const Shape> shapes) {
  std::string text(equation);
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  const size_t arrow = text.find("->");
  std::string_view left = std::string_view(text).substr(0, arrow);

  EinsumEquation result;
  int widest = 0;
  int uses[kLabelCount] = {};
  for (size_t i = 0; i < shapes.size(); ++i) {
    const size_t comma = left.find(',');
    if ((comma == std::string_view::npos) != (i + 1 == shapes.size())) {
      return error(Code::kInvalidGraph, "Einsum's equation '", equation, "' is not of ",
                   shapes.size(), " operands");
    }
    const std::string_view term = left.substr(0, comma);
    left.remove_prefix(comma == std::string_view::npos ? left.size() : comma + 1);
    const Result<int> rest = ellipsis_rank(term, shapes[i].rank());
    if (!rest.ok()) return rest.status();
    widest = std::max(widest, rest.value());
    Result<std::vector<Label>> labels = read_term(term, rest.value());
    if (!labels.ok()) return labels.status();
    for (int axis = 0; axis < shapes[i].rank(); ++axis) {
      const Label label = labels.value()[static_cast<size_t>(axis)];
      Extent& extent = result.extents[label];
      if (uses[label]++ == 0 || extent == 1) extent = shapes[i][axis];
      if (shapes[i][axis] != extent && shapes[i][axis] != 1) {
        return error(Code::kWrongShape, "Einsum '", equation, "': an axis has the extents ", extent,
                     " and ", shapes[i][axis]);
      }
    }
    result.operands.push_back(std::move(labels.value()));
  }

  if (arrow != std::string::npos) {
    Result<std::vector<Label>> labels = read_term(std::string_view(text).substr(arrow + 2), widest);
    if (!labels.ok()) return labels.status();
    result.result = std::move(labels.value());
  } else {
    for (int axis = widest - 1; axis >= 0; --axis) {
      result.result.push_back(static_cast<Label>(kFirstEllipsis + axis));
    }
    // Alphabetical, capitals first.
    for (int i = 0; i < 52; ++i) {
      const int label = (i + 26) % 52;
      if (uses[label] == 1) result.result.push_back(static_cast<Label>(label));
    }
  }
  bool seen[kLabelCount] = {};
  for (Label label : result.result) {
    if (seen[label] || uses[label] == 0) {
      return error(Code::kInvalidGraph, "Einsum's equation '", equation,
                   "' names an axis of the result twice, or one that no operand has");
    }
    seen[label] = true;
  }
  return result;
}

}  // namespace heed
