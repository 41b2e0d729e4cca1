#include "base/status.h"

#include "base/shape.h"

namespace heed {

std::string_view code_name(Code code) {
  static constexpr std::string_view kNames[] = {
#define HEED_CODE(name, text) text,
      HEED_CODES(HEED_CODE)
#undef HEED_CODE
  };
  return kNames[static_cast<size_t>(code)];
}

namespace {

// (std::to_chars would link a table of digits.)
void append_integer(std::string& out, int64_t value) {
  char digits[20];
  char* const end = digits + sizeof digits;
  char* at = end;
  // Unsigned, since the least integer has no opposite.
  uint64_t rest = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (value < 0) *--at = '-';
  out.append(at, end);
}

// Messages need a readable number, not a round trip: six decimals, without trailing zeros.
// (std::to_chars for double would link 8 KB of tables.)
void append_real(std::string& out, double value) {
  if (value != value) {
    out.append("NaN");
    return;
  }
  if (value < 0) {
    out.push_back('-');
    value = -value;
  }
  if (value >= 9e15) {
    out.append("a number over 9e15");
    return;
  }
  auto whole = static_cast<int64_t>(value);
  auto millionths = static_cast<int64_t>((value - static_cast<double>(whole)) * 1e6 + 0.5);
  if (millionths == 1000000) {
    ++whole;
    millionths = 0;
  }
  append_integer(out, whole);
  if (millionths == 0) return;
  char digits[8] = {'.'};
  for (int place = 6; place > 0; --place, millionths /= 10) {
    digits[place] = static_cast<char>('0' + millionths % 10);
  }
  size_t length = 7;
  while (digits[length - 1] == '0') --length;
  out.append(digits, length);
}

}  // namespace

void append_text(std::string& out, const TextPart& part) {
  switch (part.kind_) {
    case TextPart::Kind::kText:
      out.append(part.text_);
      break;
    case TextPart::Kind::kInteger:
      append_integer(out, part.integer_);
      break;
    case TextPart::Kind::kReal:
      append_real(out, part.real_);
      break;
    case TextPart::Kind::kShape:
      out.append(part.shape_->text());
      break;
  }
}

std::string join_parts(std::initializer_list<TextPart> parts) {
  std::string out;
  for (const TextPart& part : parts) append_text(out, part);
  return out;
}

Status make_error(Code code, std::initializer_list<TextPart> parts) {
  return {code, ErrorText(join_parts(parts))};
}

ErrorText::ErrorText(std::string text) : text_(new std::string(std::move(text))) {}
ErrorText::ErrorText(const ErrorText& other)
    : text_(other.text_ ? new std::string(*other.text_) : nullptr) {}
void ErrorText::release() { delete text_; }

}  // namespace heed
