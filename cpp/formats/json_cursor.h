// Reads JSON text value by value, as its consumer expects them; what it does not expect, it skips.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace heed {

// After the first error everything fails, and `offset` says where that was.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  // Takes the character if it comes next, behind white space.
  bool take(char c);
  // The same, but anything else is an error.
  bool expect(char c);
  bool string(std::string& value);
  // A number without sign, fraction or exponent, below 2^63.
  bool integer(int64_t& value);
  // Any value. Nothing recurses, however deep it is.
  bool skip();
  // Whether only white space is left.
  bool at_end();

  // For each member of an object, or element of a list: `first` is true before the first. False
  // behind the last, and after an error.
  bool next(char close, bool& first);

  bool failed() const { return failed_; }
  size_t offset() const { return at_; }

 private:
  void skip_space();
  bool fail();
  bool escape(std::string& value);
  bool code_unit(uint32_t& unit);

  std::string_view text_;
  size_t at_ = 0;
  bool failed_ = false;
};

}  // namespace heed
