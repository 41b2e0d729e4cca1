// Einsum: operands are multiplied pair by pair, each pair as a stack of matrix products.
#include <algorithm>

#include "graph/operators/copy_task.h"
#include "graph/operators/einsum_equation.h"
#include "graph/operators/product.h"
#include "kernels/strided_sum.h"

namespace heed {

namespace {

// A tensor whose axes have labels, each at most once.
struct Operand {
  Labels labels;
  Extent steps[kLabelCount] = {};
  Buffer buffer = kNoBuffer;
};

class EinsumLowering {
 public:
  EinsumLowering(Lowering& node, const EinsumEquation& equation)
      : node_(node), equation_(equation), extents_(equation.extents) {}

  void lower() {
    const size_t count = equation_.operands.size();
    const Buffer output = node_.output(0).buffer;
    Operand left = read(0);
    if (count == 1) return sum(left, equation_.result, output);
    for (size_t i = 1; i < count; ++i) {
      Operand right = read(i);
      const bool last = i + 1 == count;
      const Labels result = last ? equation_.result : labels_needed_after(i, left, right);
      if (!check(result)) return;
      const Operand product = last ? contiguous(result, output) : scratch(result);
      multiply(left, right, product);
      left = product;
    }
  }

 private:
  Operand read(size_t index) {
    const View view = node_.input(static_cast<int>(index));
    Operand operand;
    operand.buffer = view.buffer;
    for (int axis = 0; axis < view.shape.rank(); ++axis) {
      const Label label = equation_.operands[index][static_cast<size_t>(axis)];
      // Axes that broadcast are as good as absent; a label named twice walks the diagonal.
      if (view.shape[axis] != extents_[label]) continue;
      if (!operand.labels.holds(label)) operand.labels.push_back(label);
      operand.steps[label] += view.strides[axis];
    }
    return operand;
  }

  // Labels of either operand that the result or a later operand names.
  Labels labels_needed_after(size_t index, const Operand& left, const Operand& right) const {
    Labels needed;
    for (const Operand* operand : {&left, &right}) {
      for (Label label : operand->labels) {
        bool used = equation_.result.holds(label);
        for (size_t i = index + 1; i < equation_.operands.size(); ++i) {
          used = used || equation_.operands[i].holds(label);
        }
        if (used && !needed.holds(label)) needed.push_back(label);
      }
    }
    return needed;
  }

  // Whether a tensor with these axes can exist; an error when it cannot.
  bool check(const Labels& labels) {
    const size_t rank = labels.size();
    if (rank > kMaxRank) {
      node_.fail(Code::kWrongShape, "rank % is above the limit of %", rank, kMaxRank);
      return false;
    }
    Dims dims;
    for (Label label : labels) dims.add(extents_[label]);
    Shape shape;
    return node_.make_shape(dims, shape);
  }

  Extent count(const Labels& labels) const {
    Extent product = 1;
    for (Label label : labels) product *= extents_[label];
    return product;
  }

  Operand contiguous(const Labels& labels, Buffer buffer) const {
    Operand operand{labels, {}, buffer};
    Extent step = 1;
    for (size_t i = labels.size(); i-- > 0;) {
      operand.steps[labels[i]] = step;
      step *= std::max<Extent>(extents_[labels[i]], 1);
    }
    return operand;
  }

  Operand scratch(const Labels& labels) { return contiguous(labels, node_.scratch(count(labels))); }

  // output = operand summed over what `kept` does not name, contiguous in `kept`'s order.
  void sum(const Operand& operand, const Labels& kept, Buffer output) {
    kernels::StridedSum shape;
    for (Label label : kept) {
      shape.kept[shape.kept_rank++] = {extents_[label], operand.steps[label]};
    }
    for (Label label : operand.labels) {
      if (kept.holds(label)) continue;
      shape.summed[shape.summed_rank++] = {extents_[label], operand.steps[label]};
    }
    const Buffer input = operand.buffer;
    node_.run([=](const Run& run) { kernels::strided_sum(shape, run.at(input), run.at(output)); });
  }

  // The operand with `order` as the order of its axes in memory.
  Operand arranged(const Operand& operand, const Labels& order) {
    Operand result = contiguous(order, operand.buffer);
    const bool same = std::all_of(order.begin(), order.end(), [&](Label label) {
      return extents_[label] == 1 || result.steps[label] == operand.steps[label];
    });
    if (same) return result;
    result = scratch(order);
    copy(operand, result);
    return result;
  }

  void copy(const Operand& from, const Operand& to) {
    Shape shape;
    Strides from_steps, to_steps;
    for (Label label : to.labels) {
      from_steps[shape.rank()] = from.steps[label];
      to_steps[shape.rank()] = to.steps[label];
      shape.push_back(extents_[label]);
    }
    run_copy(node_, kernels::make_copy(shape, from_steps, to_steps), {from.buffer}, {to.buffer},
             sizeof(float));
  }

  // Sums over labels that only this operand has and the result has not.
  void drop_private(Operand& operand, const Operand& other, const Operand& result) {
    Labels kept;
    for (Label label : operand.labels) {
      if (other.labels.holds(label) || result.labels.holds(label)) kept.push_back(label);
    }
    if (kept.size() == operand.labels.size()) return;
    const Operand dropped = scratch(kept);
    sum(operand, kept, dropped.buffer);
    operand = dropped;
  }

  void multiply(Operand& left, Operand& right, const Operand& result) {
    drop_private(left, right, result);
    drop_private(right, left, result);
    Labels batch, rows, columns, depth;
    for (Label label : result.labels) {
      const bool in_left = left.labels.holds(label), in_right = right.labels.holds(label);
      (in_left && in_right ? batch : in_left ? rows : columns).push_back(label);
    }
    for (Label label : left.labels) {
      if (right.labels.holds(label) && !result.labels.holds(label)) depth.push_back(label);
    }
    const auto chain = [](const Labels& a, const Labels& b, const Labels& c) {
      Labels all = a;
      for (Label label : b) all.push_back(label);
      for (Label label : c) all.push_back(label);
      return all;
    };
    const Operand a = arranged(left, chain(batch, rows, depth));
    const Operand b = arranged(right, chain(batch, depth, columns));
    const Labels order = chain(batch, rows, columns);
    const Operand c = order == result.labels ? result : scratch(order);

    kernels::BatchedGemm shape;
    shape.product.rows = count(rows);
    shape.product.columns = count(columns);
    shape.product.depth = count(depth);
    shape.product.a_step = shape.product.depth;
    shape.product.c_step = shape.product.columns;
    shape.b_row_step = shape.product.columns;
    shape.rank = 1;
    shape.extents[0] = count(batch);
    shape.a_steps[0] = shape.product.rows * shape.product.depth;
    shape.b_steps[0] = shape.product.depth * shape.product.columns;
    run_dynamic_product(node_, shape, {a.buffer, c.buffer}, b.buffer);
    if (c.buffer != result.buffer) copy(c, result);
  }

  Lowering& node_;
  const EinsumEquation& equation_;
  const Extent* extents_;
};

}  // namespace

void infer_einsum(Inference& node) {
  node.expect_floats(node.input_count());
  EinsumEquation equation;
  if (!read_einsum(node, equation)) return;
  const Labels& result = equation.result;
  if (result.size() > kMaxRank) {
    return node.fail(Code::kWrongShape, "rank % is above the limit of %", result.size(), kMaxRank);
  }
  Dims dims;
  for (Label label : result) dims.add(equation.extents[label]);
  node.set(0, DType::kF32, dims);
}

void lower_einsum(Lowering& node) {
  EinsumEquation equation;
  if (read_einsum(node, equation)) EinsumLowering(node, equation).lower();
}

}  // namespace heed
