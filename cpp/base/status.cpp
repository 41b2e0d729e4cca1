#include "base/status.h"

#include <charconv>

namespace heed {

std::string_view code_name(Code code) {
  static constexpr std::string_view kNames[] = {
#define HEED_CODE(name, text) text,
      HEED_CODES(HEED_CODE)
#undef HEED_CODE
  };
  return kNames[static_cast<size_t>(code)];
}

void append_text(std::string& out, int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

// Messages need a readable number, not a round trip: six decimals, without trailing zeros.
// (std::to_chars for double would link 8 KB of tables.)
void append_text(std::string& out, double value) {
  if (value != value) return append_text(out, std::string_view("NaN"));
  if (value < 0) {
    out.push_back('-');
    value = -value;
  }
  if (value >= 9e15) return append_text(out, std::string_view("a number over 9e15"));
  auto whole = static_cast<int64_t>(value);
  auto millionths = static_cast<int64_t>((value - static_cast<double>(whole)) * 1e6 + 0.5);
  if (millionths == 1000000) {
    ++whole;
    millionths = 0;
  }
  append_text(out, whole);
  if (millionths == 0) return;
  char digits[8] = {'.'};
  for (int place = 6; place > 0; --place, millionths /= 10) {
    digits[place] = static_cast<char>('0' + millionths % 10);
  }
  size_t length = 7;
  while (digits[length - 1] == '0') --length;
  out.append(digits, length);
}

}  // namespace heed
