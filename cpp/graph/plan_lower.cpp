// The second half of building a plan: layouts, and the tasks of each node.
#include <algorithm>
#include <cstring>

#include "graph/operator.h"
#include "graph/plan.h"
#include "kernels/copy.h"

namespace heed {

namespace {

// Whether both layouts put the elements in the same order: one channel, or one position.
bool same_order(const Shape& shape) {
  return shape.rank() < 3 || shape[1] <= 1 || shape.count(2, shape.rank()) <= 1;
}

}  // namespace

Buffer PlanBuilder::add_arena_slot(size_t bytes) {
  Slot slot;
  slot.life.bytes = bytes;
  slot.life.first = slot.life.last = now_;
  slots_.push_back(slot);
  return static_cast<Buffer>(slots_.size() - 1);
}

Buffer PlanBuilder::add_pointer_slot(const std::byte* pointer) {
  Slot slot;
  slot.pointer = pointer;
  slots_.push_back(slot);
  return static_cast<Buffer>(slots_.size() - 1);
}

// Marks a buffer as read or written by the current node.
Buffer PlanBuilder::use(Buffer buffer) {
  if (buffer == kNoBuffer) return buffer;
  Lifetime& life = slots_[static_cast<size_t>(buffer)].life;
  life.last = std::max(life.last, now_);
  return buffer;
}

// The buffer in which a tensor lies in `layout`; the first reader that needs the other order adds a
// conversion.
Buffer PlanBuilder::buffer_for(TensorId tensor, Layout layout) {
  const TensorInfo& known = info(tensor);
  Placement& at = place(tensor);
  if (known.value && at.buffers[0] == kNoBuffer) {
    at.home = Layout::kRowMajor;
    at.buffers[0] = add_pointer_slot(known.value->data);
    constants_.push_back(known.value);
  }
  Buffer& wanted = at.buffers[static_cast<size_t>(layout)];
  if (wanted != kNoBuffer) return use(wanted);
  const Buffer home = use(at.buffers[static_cast<size_t>(at.home)]);
  if (same_order(known.shape)) return wanted = home;
  wanted = add_arena_slot(known.bytes());
  const Buffer to = wanted;
  const kernels::StridedCopy copy = kernels::make_copy(
      known.shape, strides_of(known.shape, at.home), strides_of(known.shape, layout));
  const size_t element = byte_size(known.dtype);
  tasks_.emplace_back([=](const Run& run) {
    kernels::copy_strided(copy, run.at<std::byte>(home), run.at<std::byte>(to), element);
  });
  return to;
}

View PlanBuilder::view(TensorId tensor, Layout layout) {
  const TensorInfo& known = info(tensor);
  if (known.shape.rank() < 3) layout = Layout::kRowMajor;
  return {known.dtype, known.shape, strides_of(known.shape, layout), layout,
          buffer_for(tensor, layout)};
}

// Indifferent operators follow their inputs: channels-last when one of the same rank is, unless its
// order is both; of an input that lies in both layouts, they take the one that their reader wants.
Layout PlanBuilder::output_layout(const Node& node, TensorId output) const {
  const Shape& shape = info(output).shape;
  if (shape.rank() < 3 || node.op->layout == LayoutRule::kStrict) return Layout::kRowMajor;
  if (node.op->layout == LayoutRule::kChannelsLast) return Layout::kChannelsLast;
  const Node* reader = reader_of(output);
  const LayoutRule rule = reader ? reader->op->layout : LayoutRule::kStrict;
  const bool last = rule == LayoutRule::kChannelsLast && reader->inputs[0] == output;
  const Layout wanted = last ? Layout::kChannelsLast : Layout::kRowMajor;
  // That of the largest input, so that what is broadcast follows.
  Layout layout = Layout::kRowMajor;
  Extent largest = 0;
  for (TensorId input : node.inputs) {
    if (input == kNoTensor) continue;
    const TensorInfo& known = info(input);
    if (known.value || known.shape.rank() != shape.rank() || same_order(known.shape)) continue;
    const Placement& at = places_[static_cast<size_t>(input)];
    const bool choice = rule != LayoutRule::kIndifferent && at.lies_in(wanted);
    const Layout home = choice ? wanted : at.home;
    const Extent count = known.shape.count();
    if (count > largest || (count == largest && home == Layout::kChannelsLast)) layout = home;
    largest = std::max(largest, count);
  }
  return largest == shape.count() || !reader ? layout : layout_beside(output, *reader, layout);
}

// For a small tensor's broadcast: that of the full-sized tensor which its reader reads beside it.
Layout PlanBuilder::layout_beside(TensorId tensor, const Node& reader, Layout otherwise) const {
  for (TensorId other : reader.inputs) {
    if (other == kNoTensor || other == tensor || info(other).value) continue;
    if (info(other).shape.count() != info(tensor).shape.count()) continue;
    const Placement& at = places_[static_cast<size_t>(other)];
    const bool placed = at.lies_in(Layout::kRowMajor) || at.lies_in(Layout::kChannelsLast);
    return placed ? at.home : otherwise;
  }
  return otherwise;
}

// The next node that reads a tensor.
const Node* PlanBuilder::reader_of(TensorId tensor) const {
  for (size_t i = static_cast<size_t>(now_) + 1; i < nodes_.size(); ++i) {
    const std::vector<TensorId>& inputs = nodes_[i].inputs;
    if (std::find(inputs.begin(), inputs.end(), tensor) != inputs.end()) return &nodes_[i];
  }
  return nullptr;
}

// A Transpose whose result lies in memory as its input does costs nothing: (N,C,H,W) to (N,H,W,C)
// of a channels-last tensor, the way back, or one that only moves axes of extent 1.
bool PlanBuilder::alias_transpose(const Node& node) {
  const TensorId from = node.input(0);
  const TensorId to = node.output(0);
  const TensorInfo& source = info(from);
  if (source.value) return false;
  const Shape& shape = info(to).shape;
  const auto permutation = node.attributes->integers("perm");
  for (const Layout from_layout : {Layout::kRowMajor, Layout::kChannelsLast}) {
    const Buffer buffer = place(from).buffers[static_cast<size_t>(from_layout)];
    if (buffer == kNoBuffer) continue;
    const Strides source_strides = strides_of(source.shape, from_layout);
    for (const Layout to_layout : {Layout::kRowMajor, Layout::kChannelsLast}) {
      const Strides strides = strides_of(shape, to_layout);
      bool same = true;
      for (int axis = 0; axis < shape.rank() && same; ++axis) {
        const int at = permutation.empty()
                           ? shape.rank() - 1 - axis
                           : static_cast<int>(permutation[static_cast<size_t>(axis)]);
        same = shape[axis] == 1 || strides[axis] == source_strides[at];
      }
      if (!same) continue;
      place(to).home = to_layout;
      place(to).buffers[static_cast<size_t>(to_layout)] = use(buffer);
      return true;
    }
  }
  return false;
}

Status PlanBuilder::lower_node(size_t index) {
  const Node& node = nodes_[index];
  const bool transposed = node.op->name == "Transpose" && alias_transpose(node);
  if (transposed) return {};
  for (TensorId output : node.outputs) {
    if (output == kNoTensor) continue;
    Placement& at = place(output);
    at.home = output_layout(node, output);
  }
  Lowering lowering(*this, node);
  node.op->lower(lowering);
  const Status& status = lowering.status();
  if (status.ok()) return {};
  return error(status.code, node.op->name, " node '", node.name, "': ", status.message);
}

std::byte* Run::address(Buffer buffer) const {
  return buffer == kNoBuffer ? nullptr : addresses_[buffer];
}

Task::Task(const void* body, size_t bytes, Call call)
    : body_(std::make_unique_for_overwrite<std::byte[]>(bytes)), call_(call) {
  std::memcpy(body_.get(), body, bytes);
}

Lowering::Lowering(PlanBuilder& plan, const Node& node)
    : NodeReader(node, plan.infos_), plan_(plan) {}

View Lowering::input(int index) {
  const TensorId tensor = node_.inputs[static_cast<size_t>(index)];
  Layout layout = Layout::kRowMajor;
  if (node_.op->layout == LayoutRule::kChannelsLast && index == 0) layout = Layout::kChannelsLast;
  if (node_.op->layout == LayoutRule::kIndifferent && !plan_.info(tensor).value) {
    const PlanBuilder::Placement& at = plan_.place(tensor);
    const TensorId output = node_.output(0);
    const Layout wanted = output == kNoTensor ? at.home : plan_.place(output).home;
    layout = at.lies_in(wanted) ? wanted : at.home;
  }
  return plan_.view(tensor, layout);
}

View Lowering::output(int index) {
  const TensorId tensor = node_.output(static_cast<size_t>(index));
  if (tensor == kNoTensor) return {};
  PlanBuilder::Placement& at = plan_.place(tensor);
  Buffer& buffer = at.buffers[static_cast<size_t>(at.home)];
  if (buffer == kNoBuffer) buffer = plan_.add_arena_slot(plan_.info(tensor).bytes());
  return plan_.view(tensor, at.home);
}

Buffer Lowering::input_buffer(int index) { return has(index) ? input(index).buffer : kNoBuffer; }
Buffer Lowering::output_buffer(int index) { return output(index).buffer; }

Buffer Lowering::residual_buffer() {
  if (node_.residual == kNoTensor) return kNoBuffer;
  const bool last = node_.op->layout == LayoutRule::kChannelsLast;
  return plan_.view(node_.residual, last ? Layout::kChannelsLast : Layout::kRowMajor).buffer;
}

size_t Lowering::checked_bytes(int64_t count, size_t element_bytes) {
  // Half the address space, so that sums of a few such sizes do not wrap around.
  constexpr size_t kMost = SIZE_MAX / 2;
  if (static_cast<uint64_t>(count) <= kMost / element_bytes) {
    return static_cast<size_t>(count) * element_bytes;
  }
  fail(Code::kOutOfMemory, "no memory for % elements", count);
  return 0;
}

Buffer Lowering::scratch(int64_t count, size_t element_bytes) {
  return plan_.add_arena_slot(checked_bytes(count, element_bytes));
}

Buffer Lowering::packed(int index, std::string_view key, int64_t count, PackedForm form,
                        FunctionRef<void(std::byte*)> fill) {
  const size_t bytes = checked_bytes(count, sizeof(float));
  if (!ok()) return kNoBuffer;
  const TensorId tensor = node_.inputs[static_cast<size_t>(index)];
  const bool of_graph = static_cast<size_t>(tensor) < plan_.graph_.tensors.size();
  if (!of_graph || !plan_.graph_.constant(tensor)) return table(bytes, fill);
  const std::byte* memory = plan_.weights_.get(tensor, key, bytes, form, fill);
  if (!memory) {
    plan_.failure_ = error(Code::kOutOfMemory, "no memory for ", bytes, " bytes of packed weights");
  }
  return plan_.add_pointer_slot(memory);
}

Buffer Lowering::table(size_t bytes, FunctionRef<void(std::byte*)> fill) {
  AlignedMemory memory(bytes);
  if (!memory.data()) {
    plan_.failure_ = error(Code::kOutOfMemory, "no memory for a table of ", bytes, " bytes");
    return plan_.add_pointer_slot(nullptr);
  }
  fill(memory.data());
  plan_.tables_.push_back(std::move(memory));
  return plan_.add_pointer_slot(plan_.tables_.back().data());
}

Buffer Lowering::cache_memory(std::string_view name, int64_t count) {
  const size_t bytes = checked_bytes(count, sizeof(float));
  if (!ok()) return kNoBuffer;
  const std::byte* memory = plan_.weights_.get(kNoTensor, name, bytes, PackedForm::kOneOfSeveral,
                                               [&](std::byte* to) { std::memset(to, 0, bytes); });
  if (!memory) {
    plan_.failure_ = error(Code::kOutOfMemory, "no memory for a cache of ", bytes, " bytes");
  }
  return plan_.add_pointer_slot(memory);
}

Buffer Lowering::cache_length() {
  if (!plan_.options_.cache_length) fail(Code::kInvalidGraph, "a cache belongs to a session");
  return plan_.add_pointer_slot(reinterpret_cast<const std::byte*>(plan_.options_.cache_length));
}

void Lowering::extend_cache(Extent rows, Extent batch, Extent capacity) {
  CacheUse& use = plan_.cache_use_;
  if (use.rows > 0 && (use.rows != rows || use.batch != batch)) {
    fail(Code::kWrongShape, "% rows of % sequences for a cache that others give % of %", rows,
         batch, use.rows, use.batch);
  }
  const Extent least = use.rows > 0 ? std::min(use.capacity, capacity) : capacity;
  use = {rows, batch, least};
}

void Lowering::ends_with_cache(int output) {
  if (wants(output)) plan_.ends_with_cache_.push_back(node_.output(static_cast<size_t>(output)));
}

void Lowering::alias(int output, int input) {
  const TensorId to = node_.outputs[static_cast<size_t>(output)];
  const TensorId from = node_.inputs[static_cast<size_t>(input)];
  if (node_.op->layout == LayoutRule::kIndifferent) {
    plan_.buffer_for(from, plan_.place(from).home);
    plan_.place(to) = plan_.place(from);
    return;
  }
  plan_.place(to).home = Layout::kRowMajor;
  plan_.place(to).buffers[0] = plan_.buffer_for(from, Layout::kRowMajor);
}

void Lowering::add(Task task) { plan_.tasks_.push_back(std::move(task)); }

}  // namespace heed
