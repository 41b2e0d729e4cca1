// The intermediate representation: tensors and nodes as plain data. Axes are always ONNX's logical
// ones; how a tensor lies in memory is decided later, by the plan.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"
#include "kernels/activation.h"

namespace heed {

using TensorId = int32_t;
inline constexpr TensorId kNoTensor = -1;  // an optional input or output that is left out

// A tensor whose value is known before a run: row-major elements, 4-byte aligned at least. `owner`
// keeps `data` alive (the file's bytes, or a buffer of its own). Null data: a weight of which the
// session has kept the packed form alone.
struct Constant {
  DType dtype = DType::kF32;
  Shape shape;
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;
  bool writable = false;  // a pass that is its only reader may compute in place

  size_t bytes() const { return static_cast<size_t>(shape.count()) * byte_size(dtype); }
  template <class T>
  std::span<const T> values() const {
    return {reinterpret_cast<const T*>(data), static_cast<size_t>(shape.count())};
  }
};
using ConstantPtr = std::shared_ptr<const Constant>;

// A constant with memory of its own, and where to write its elements.
struct NewConstant {
  ConstantPtr constant;
  std::byte* data;
  template <class T>
  T* values() const {
    return reinterpret_cast<T*>(data);
  }
};
NewConstant make_constant(DType dtype, const Shape& shape);
ConstantPtr make_constant(std::span<const float> values, const Shape& shape);
ConstantPtr make_constant(std::span<const int64_t> values, const Shape& shape);

struct Graph;

// A sub-graph (the branches of If) has no view of the outer one: what it captures by name is listed
// in its `inputs`, and the node that owns it takes the captured tensors as further inputs (If:
// condition, then_branch's inputs, else_branch's inputs).
using AttributeValue =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                 std::vector<std::string>, ConstantPtr, std::shared_ptr<const Graph>>;

// A node's named attributes. The typed readers give the fallback when the attribute is absent or of
// another type.
class Attributes {
 public:
  void set(std::string_view name, AttributeValue value);
  const AttributeValue* find(const char* name) const;
  bool has(const char* name) const { return find(name) != nullptr; }

  int64_t integer(const char* name, int64_t fallback) const;
  float real(const char* name, float fallback) const;
  std::string_view text(const char* name, std::string_view fallback) const;
  std::span<const int64_t> integers(const char* name) const;  // empty when absent
  std::span<const float> reals(const char* name) const;
  ConstantPtr tensor(const char* name) const;  // null when absent
  std::shared_ptr<const Graph> graph(const char* name) const;

 private:
  struct Entry {
    std::string name;
    AttributeValue value;
  };
  std::vector<Entry> entries_;
};

struct Operator;

// One operation. An `activation` and a `residual` are what passes moved into the producer:
// output = activation(op(inputs) + residual), the residual having the output's shape.
struct Node {
  const Operator* op = nullptr;
  std::string name;  // the file's name of the node, else the name of its first output
  std::vector<TensorId> inputs;
  std::vector<TensorId> outputs;
  std::shared_ptr<const Attributes> attributes;  // never null
  int version = 0;  // of the operator set that the node was written for
  kernels::Activation activation = {};
  TensorId residual = kNoTensor;

  TensorId input(size_t index) const { return index < inputs.size() ? inputs[index] : kNoTensor; }
  TensorId output(size_t index) const {
    return index < outputs.size() ? outputs[index] : kNoTensor;
  }
};

// An axis of a declared shape: its extent, or -1 and perhaps a name ("batch").
struct Dimension {
  int64_t extent = -1;
  std::string name;
};

struct Tensor {
  std::string name;
  DType dtype = DType::kF32;    // declared for inputs and constants, else found by shape inference
  bool ranked = false;          // whether `dims` was declared
  std::vector<Dimension> dims;  // as the file declares them (graph inputs and outputs)
  ConstantPtr constant;         // set for weights
};

// An attention block of the network: what `model.attention` lists. The map is an output of a fused
// step that is computed only when a run asks for it.
struct Block {
  std::string id;              // "se.3": the mechanism's short name and a running number
  std::string mechanism;       // "squeeze-excite"
  std::string kind;            // "channel", "spatial", "branch", "self", "temporal", "region"
  std::string node;            // the name of the node that the block ends with
  TensorId input = kNoTensor;  // the tensor that is attended to
  TensorId output = kNoTensor;
  TensorId map = kNoTensor;
  std::vector<Dimension> shape;  // of the map
};

// What a tensor must look like where a layer reads it; checked when shapes are known.
struct Expectation {
  TensorId tensor = kNoTensor;
  std::string who;  // "CBAM 'layer1.cbam': x"
  std::vector<Dimension> dims;
  bool more_axes = false;  // any may follow
};

// "(batch, 16, ?)"; after it "..." where more axes may follow.
std::string declared_shape(const std::vector<Dimension>& dims, bool more_axes = false);
// Whether a shape has the rank and the fixed extents.
bool fits(const Shape& shape, const std::vector<Dimension>& dims, bool more_axes = false);

struct Graph {
  std::vector<Tensor> tensors;
  std::vector<Node> nodes;
  std::vector<TensorId> inputs;  // without those that are constants
  std::vector<TensorId> outputs;
  std::vector<TensorId>
      keep;  // inner tensors that a user wants to read: passes must not remove them
  std::vector<Block> blocks;
  std::vector<Expectation> expectations;

  TensorId add_tensor(std::string name, DType dtype = DType::kF32);
  TensorId add_constant(std::string name, ConstantPtr constant);
  const Constant* constant(TensorId id) const {
    return id == kNoTensor ? nullptr : tensors[static_cast<size_t>(id)].constant.get();
  }
  Tensor& tensor(TensorId id) { return tensors[static_cast<size_t>(id)]; }
  const Tensor& tensor(TensorId id) const { return tensors[static_cast<size_t>(id)]; }
};

}  // namespace heed
