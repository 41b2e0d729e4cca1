#include "formats/json_cursor.h"

namespace heed {

bool JsonCursor::fail() {
  failed_ = true;
  return false;
}

void JsonCursor::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
    ++at_;
  }
}

bool JsonCursor::take(char c) {
  skip_space();
  if (failed_ || at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

bool JsonCursor::expect(char c) { return take(c) || fail(); }

bool JsonCursor::at_end() {
  skip_space();
  return !failed_ && at_ == text_.size();
}

bool JsonCursor::next(char close, bool& first) {
  if (failed_) return false;
  if (take(close)) return false;
  if (!first && !expect(',')) return false;
  first = false;
  return true;
}

bool JsonCursor::integer(int64_t& value) {
  skip_space();
  const size_t begin = at_;
  value = 0;
  for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
    const int digit = text_[at_] - '0';
    if (value > (INT64_MAX - digit) / 10) return fail();
    value = value * 10 + digit;
  }
  if (failed_ || at_ == begin || (text_[begin] == '0' && at_ > begin + 1)) return fail();
  return true;
}

bool JsonCursor::code_unit(uint32_t& unit) {
  unit = 0;
  for (int digit = 0; digit < 4; ++digit, ++at_) {
    if (at_ == text_.size()) return fail();
    const char c = text_[at_];
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      unit = unit * 16 + static_cast<uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return fail();
    }
  }
  return true;
}

// What follows a backslash, as UTF-8.
bool JsonCursor::escape(std::string& value) {
  if (at_ == text_.size()) return fail();
  const char c = text_[at_++];
  constexpr std::string_view kLetters = "\"\\/bfnrt", kMeanings = "\"\\/\b\f\n\r\t";
  if (const size_t known = kLetters.find(c); known != kLetters.npos) {
    value.push_back(kMeanings[known]);
    return true;
  }
  uint32_t code = 0;
  if (c != 'u' || !code_unit(code)) return fail();
  if (code >= 0xD800 && code < 0xE000) {
    uint32_t low = 0;
    if (code >= 0xDC00 || text_.substr(at_, 2) != "\\u") return fail();
    at_ += 2;
    if (!code_unit(low) || low < 0xDC00 || low > 0xDFFF) return fail();
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  }
  const auto put = [&](uint32_t byte) { value.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
    return true;
  }
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
  return true;
}

bool JsonCursor::string(std::string& value) {
  value.clear();
  if (!expect('"')) return false;
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20) break;
    if (c != '\\') {
      value.push_back(c);
    } else if (!escape(value)) {
      return false;
    }
  }
  return fail();
}

// Brackets are counted, not matched: what is skipped need not be understood.
bool JsonCursor::skip() {
  std::string text;
  size_t depth = 0;
  do {
    skip_space();
    if (failed_ || at_ == text_.size()) return fail();
    const char c = text_[at_];
    if (c == '"') {
      if (!string(text)) return false;
      continue;
    }
    if (c == '}' || c == ']') {
      if (depth == 0) return fail();
      --depth;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == ':')) {
      return fail();
    }
    ++at_;
    // A number or a word goes on to the next mark.
    const bool word = std::string_view("{}[],:").find(c) == std::string_view::npos;
    while (word && at_ < text_.size() &&
           std::string_view("{}[],:\" \t\n\r").find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
  } while (depth > 0);
  return true;
}

}  // namespace heed
