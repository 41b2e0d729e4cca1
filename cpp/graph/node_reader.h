// What shape inference and lowering both see of a node, and the first error that either finds.
#pragma once

#include <concepts>
#include <vector>

#include "graph/graph.h"

namespace heed {

// The type and shape that a plan found for a tensor, and its value where that is known before the
// run.
struct TensorInfo {
  DType dtype = DType::kF32;
  Shape shape;
  ConstantPtr value;
  bool known = false;
  bool checked = false;  // against the graph's expectations

  size_t bytes() const { return static_cast<size_t>(shape.count()) * byte_size(dtype); }
};

// A list of integers that belongs to somebody else: an attribute, or a constant of type int64 or
// int32.
class Integers {
 public:
  Integers() = default;
  Integers(std::span<const int64_t> values) : data_(values.data()), size_(values.size()) {}
  // Of null, and of other types, an empty list.
  explicit Integers(const Constant* constant);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t operator[](size_t i) const;

 private:
  const void* data_ = nullptr;
  size_t size_ = 0;
  bool wide_ = true;
};

// The extents of a shape that is not checked yet: at most those of two tensors.
struct Dims {
  int64_t extents[2 * kMaxRank];
  int rank = 0;

  Dims() = default;
  Dims(const Shape& shape) { add(shape, 0, shape.rank()); }
  void add(int64_t extent) { extents[rank++] = extent; }
  // Those of axes first..last (excluded) of a shape.
  void add(const Shape& shape, int first, int last);
};

// A set of axes, one bit for each.
using AxisSet = uint32_t;
inline bool contains(AxisSet set, int axis) { return (set >> axis & 1) != 0; }

// An operator of the one list, in its order.
enum class OperatorId : uint8_t {
#define HEED_OPERATOR(name, ...) k##name,
#include "graph/operators.def"
#undef HEED_OPERATOR
};

void wrong_number_of_placeholders();  // not constexpr: whoever gets there does not compile

// The text of an error, with a % for each part.
template <size_t kParts>
struct ErrorFormat {
  const char* text;
  consteval ErrorFormat(const char* given) : text(given) {
    size_t found = 0;
    for (; *given; ++given) found += *given == '%';
    if (found != kParts) wrong_number_of_placeholders();
  }
};

// Failures are sticky: the first one is kept, and what comes after it changes nothing, so that
// checks can stand one behind the other without a way out after each. A function returns early only
// where it could not go on.
class NodeReader {
 public:
  const Node& node() const { return node_; }
  OperatorId id() const;
  int version() const { return node_.version; }

  int input_count() const { return static_cast<int>(node_.inputs.size()); }
  int output_count() const { return static_cast<int>(node_.outputs.size()); }
  // Whether the input is given (optional inputs may be left out).
  bool has(int input) const { return node_.input(static_cast<size_t>(input)) != kNoTensor; }
  // Whether the output is: one that is left out, or a map that was not asked for, need not be
  // computed.
  bool wants(int output) const { return node_.output(static_cast<size_t>(output)) != kNoTensor; }
  DType dtype(int input) const { return info(input).dtype; }
  const Shape& shape(int input) const { return info(input).shape; }
  // The value of an input when it is known before the run, else null. Row-major.
  const Constant* value(int input) const;

  // Attributes, or the fallback where they are absent or of another type.
  bool has_attribute(const char* name) const { return node_.attributes->has(name); }
  int64_t integer(const char* name, int64_t fallback) const;
  bool flag(const char* name, bool fallback = false) const { return integer(name, fallback) != 0; }
  float real(const char* name, float fallback) const;
  Integers integers(const char* name) const;
  // Which of `choices` ("linear|cubic") the attribute says; the first when it is absent. An error
  // for any other text.
  int choice(const char* name, const char* choices);
  // An integer list that is an input in new operator sets and an attribute in old ones. Empty when
  // neither is given.
  Integers list(int input, const char* attribute) const;

  // ONNX's negative axes: -rank..rank-1 to 0..rank-1; an error, and 0, outside that range.
  int checked_axis(int64_t given, int rank);
  // The attribute "axis", so checked.
  int axis(int64_t fallback, int rank) { return checked_axis(integer("axis", fallback), rank); }
  // The set of axes; false, and an error, for one out of range or named twice. They are also
  // written to `ordered`, non-negative and in the order given, when it is not null.
  bool axes(const Integers& given, int rank, AxisSet& set, int* ordered = nullptr);
  // Checked shapes; false, and an error, where there is none.
  bool make_shape(const Dims& dims, Shape& shape);
  bool read_dims(const Integers& given, Dims& dims);  // at most kMaxRank, not checked
  bool broadcast_shapes(const Shape& a, const Shape& b, Shape& both);
  // An error unless `from` broadcasts to `to`.
  void expect_broadcast(const Shape& from, const Shape& to);

  // Keeps an error, unless there is one.
  template <class... Parts>
  [[gnu::always_inline]] void fail(Code code, ErrorFormat<sizeof...(Parts)> format,
                                   const Parts&... parts) {
    fail_with(code, format.text, simple(parts)...);
  }
  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }

 protected:
  NodeReader(const Node& node, std::span<const TensorInfo> tensors)
      : node_(node), tensors_(tensors) {}
  const TensorInfo& info(int input) const;

  const Node& node_;
  std::span<const TensorInfo> tensors_;
  Status status_;

 private:
  // Few types of arguments mean few instantiations of fail_with.
  static int64_t simple(std::integral auto value) { return static_cast<int64_t>(value); }
  static double simple(float value) { return value; }
  static double simple(double value) { return value; }
  static DType simple(DType value) { return value; }
  static const Shape* simple(const Shape& value) { return &value; }
  static const std::string_view* simple(const std::string_view& value) { return &value; }
  static const char* simple(const char* value) { return value; }

  static TextPart part(int64_t value) { return value; }
  static TextPart part(double value) { return value; }
  static TextPart part(DType value) { return dtype_name(value); }
  static TextPart part(const Shape* value) { return *value; }
  static TextPart part(const std::string_view* value) { return *value; }
  static TextPart part(const char* value) { return value; }

  template <class... Parts>
  void fail_with(Code code, const char* format, Parts... parts) {
    keep_error(code, format, {part(parts)...});
  }
  void keep_error(Code code, const char* format, std::initializer_list<TextPart> parts);
};

}  // namespace heed
