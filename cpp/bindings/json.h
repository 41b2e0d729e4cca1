// JSON, as much as the descriptions need. Numbers are whole.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace heed {

class Json {
 public:
  // The call's body writes what is inside: json.object([&] { json.key("a").number(1); });
  template <class F>
  void object(F body) {
    nest('{', '}', body);
  }
  template <class F>
  void array(F body) {
    nest('[', ']', body);
  }

  Json& key(std::string_view name) {
    text(name);
    text_.push_back(':');
    first_ = true;
    return *this;
  }

  void number(int64_t value) {
    separate();
    append_text(text_, value);
  }

  // Control characters become spaces: names come from files.
  void text(std::string_view value) {
    separate();
    text_.push_back('"');
    for (char c : value) {
      if (c == '"' || c == '\\') text_.push_back('\\');
      text_.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    }
    text_.push_back('"');
  }

  std::string take() { return std::move(text_); }

 private:
  template <class F>
  void nest(char open, char close, F& body) {
    separate();
    text_.push_back(open);
    first_ = true;
    body();
    text_.push_back(close);
    first_ = false;
  }

  void separate() {
    if (!first_) text_.push_back(',');
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

}  // namespace heed
