// Status codes and results: how every room of the core reports failure. Nothing in the library
// prints, aborts or exits.
#pragma once

#include <cstdint>
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

// Success, or a code with a sentence that says what was wrong, where, and what would be right.
struct [[nodiscard]] Status {
  Code code = Code::kOk;
  std::string message;

  bool ok() const { return code == Code::kOk; }
};

// Joins its arguments (text and numbers) into one string; iostream-free formatting for messages.
inline void append_text(std::string& out, std::string_view text) { out.append(text); }
void append_text(std::string& out, int64_t value);
void append_text(std::string& out, double value);
inline void append_text(std::string& out, int32_t value) { append_text(out, int64_t{value}); }
inline void append_text(std::string& out, uint32_t value) { append_text(out, int64_t{value}); }
inline void append_text(std::string& out, unsigned long value) {
  append_text(out, static_cast<int64_t>(value));
}
inline void append_text(std::string& out, unsigned long long value) {
  append_text(out, static_cast<int64_t>(value));
}
inline void append_text(std::string& out, float value) { append_text(out, double{value}); }

template <class... Parts>
std::string join(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

template <class... Parts>
Status error(Code code, const Parts&... parts) {
  return Status{code, join(parts...)};
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
