// Status codes and results: how every room of the core reports failure. Nothing in the library
// prints, aborts or exits.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace heed {

// The one list of error codes: X(name, text). `text` is what JavaScript sees as `HeedError.code`;
// the TypeScript type is compared with this list by a test.
#define HEED_CODES(X)                              \
  X(kOk, "ok")                                     \
  X(kInvalidFile, "invalid-file")                  \
  X(kUnsupportedOperator, "unsupported-operator")  \
  X(kUnsupportedOpset, "unsupported-opset")        \
  X(kUnsupportedType, "unsupported-type")          \
  X(kInvalidGraph, "invalid-graph")                \
  X(kMissingExternalData, "missing-external-data") \
  X(kUnknownName, "unknown-name")                  \
  X(kMissingInput, "missing-input")                \
  X(kWrongType, "wrong-type")                      \
  X(kWrongShape, "wrong-shape")                    \
  X(kWrongValue, "wrong-value")                    \
  X(kOutOfMemory, "out-of-memory")                 \
  X(kUnknownOption, "unknown-option")              \
  X(kInvalidArgument, "invalid-argument")          \
  X(kInvalidImage, "invalid-image")                \
  X(kInvalidWeights, "invalid-weights")            \
  X(kFetchFailed, "fetch-failed")                  \
  X(kVersionMismatch, "version-mismatch")          \
  X(kUnsupportedPlatform, "unsupported-platform")  \
  X(kAborted, "aborted")                           \
  X(kDisposed, "disposed")                         \
  X(kInternal, "internal")

enum class Code : uint8_t {
#define HEED_CODE(name, text) name,
  HEED_CODES(HEED_CODE)
#undef HEED_CODE
};

// The code's text, for example "wrong-shape".
std::string_view code_name(Code code);

class Shape;

// One piece of a message: text, a number or a shape. Errors are made in hundreds of places, so that
// each of them costs a few stores and a call; formatting is in one place, and free of iostream.
class TextPart {
 public:
  TextPart(std::string_view text) : kind_(Kind::kText), text_(text) {}
  TextPart(const char* text) : TextPart(std::string_view(text)) {}
  TextPart(const std::string& text) : TextPart(std::string_view(text)) {}
  TextPart(std::signed_integral auto value) : kind_(Kind::kInteger), integer_(value) {}
  TextPart(std::unsigned_integral auto value)
      : kind_(Kind::kInteger), integer_(static_cast<int64_t>(value)) {}
  TextPart(std::floating_point auto value) : kind_(Kind::kReal), real_(value) {}
  TextPart(const Shape& shape) : kind_(Kind::kShape), shape_(&shape) {}

 private:
  friend void append_text(std::string& out, const TextPart& part);
  enum class Kind : uint8_t { kText, kInteger, kReal, kShape };
  Kind kind_;
  union {
    std::string_view text_;
    int64_t integer_;
    double real_;
    const Shape* shape_;
  };
};

void append_text(std::string& out, const TextPart& part);

// Joins text, numbers and shapes into one string.
std::string join_parts(std::initializer_list<TextPart> parts);

// What `join` and `error` are called with becomes one of a few types, so that calls which differ in
// the lengths of texts or the sizes of numbers share their code.
namespace detail {

inline const char* simple(const char* text) { return text; }
inline const std::string* simple(const std::string& text) { return &text; }
inline const Shape* simple(const Shape& shape) { return &shape; }
template <class Text>
  requires std::convertible_to<const Text&, std::string_view>
std::string_view simple(const Text& text) {
  return text;
}
int64_t simple(std::integral auto value) { return static_cast<int64_t>(value); }
double simple(std::floating_point auto value) { return static_cast<double>(value); }

template <class Part>
TextPart part(const Part& value) {
  if constexpr (std::is_pointer_v<Part> && !std::is_same_v<Part, const char*>) {
    return *value;
  } else {
    return value;
  }
}

template <class... Parts>
[[gnu::noinline]] std::string join_simple(Parts... parts) {
  return join_parts({part(parts)...});
}

}  // namespace detail

template <class... Parts>
[[gnu::always_inline]] inline std::string join(const Parts&... parts) {
  return detail::join_simple(detail::simple(parts)...);
}

// The text of an error; empty, and one null pointer, when there is none.
class ErrorText {
 public:
  ErrorText() = default;
  explicit ErrorText(std::string text);
  ErrorText(const ErrorText& other);
  ErrorText(ErrorText&& other) noexcept : text_(std::exchange(other.text_, nullptr)) {}
  ErrorText& operator=(ErrorText other) noexcept {
    std::swap(text_, other.text_);
    return *this;
  }
  ~ErrorText() {
    if (text_) release();
  }

  operator std::string_view() const {
    return text_ ? std::string_view(*text_) : std::string_view();
  }
  bool empty() const { return text_ == nullptr; }
  size_t find(std::string_view part) const { return std::string_view(*this).find(part); }
  bool operator==(std::string_view other) const { return std::string_view(*this) == other; }
  // For programs that print errors; no stream is named here, or linked.
  template <class Stream>
    requires requires(Stream& stream) { stream.write("", 0); }
  friend Stream& operator<<(Stream& stream, const ErrorText& error) {
    stream << std::string_view(error);
    return stream;
  }

 private:
  void release();
  std::string* text_ = nullptr;
};

// Success, or a code with a sentence that says what was wrong, where, and what would be right.
struct [[nodiscard]] Status {
  Code code = Code::kOk;
  ErrorText message;

  bool ok() const { return code == Code::kOk; }
};

Status make_error(Code code, std::initializer_list<TextPart> parts);

namespace detail {

template <class... Parts>
[[gnu::noinline]] Status error_simple(Code code, Parts... parts) {
  return make_error(code, {part(parts)...});
}

}  // namespace detail

template <class... Parts>
[[gnu::always_inline]] inline Status error(Code code, const Parts&... parts) {
  return detail::error_simple(code, detail::simple(parts)...);
}

// A value or the status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}

  bool ok() const { return status_.ok(); }
  const Status& status() const { return status_; }
  T& value() { return value_; }
  const T& value() const { return value_; }

 private:
  Status status_;
  T value_{};
};

}  // namespace heed

// Leaves the function with the status when it is an error.
#define HEED_TRY(expression)                                                              \
  do {                                                                                    \
    if (::heed::Status heed_status = (expression); !heed_status.ok()) return heed_status; \
  } while (false)
