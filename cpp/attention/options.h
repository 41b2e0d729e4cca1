// A layer's options by name, as the user gives them: numbers (bools are 0 and 1), lists of numbers,
// text, lists of text (joined by commas).
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heed::attention {

class Options {
 public:
  struct Entry {
    std::string name;
    std::string text;
    std::vector<double> numbers;  // when it is no text
    bool is_text = false;
    mutable bool used = false;  // somebody has read it; what nobody reads is unknown to the layer
  };
  // For C++: {{"stride", 2}, {"gate", "hard_sigmoid"}, {"sizes", {3, 2}}}.
  struct Value {
    Value(double number) : numbers{number} {}
    Value(std::initializer_list<double> list) : numbers(list) {}
    Value(const char* given) : text(given), is_text(true) {}
    std::vector<double> numbers;
    std::string text;
    bool is_text = false;
  };

  Options() = default;
  Options(std::initializer_list<std::pair<const char*, Value>> entries);

  void set_text(std::string_view name, std::string_view text);
  // Further calls for one name make a list.
  void add_number(std::string_view name, double number);
  // An option whose value is an empty list.
  void set_empty(std::string_view name) { entry(name); }

  const Entry* find(std::string_view name) const;  // marks it as used
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Entry& entry(std::string_view name);
  std::vector<Entry> entries_;
};

}  // namespace heed::attention
