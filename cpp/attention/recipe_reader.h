// The reader of recipes, seen by its own files only: recipe.cpp reads the language,
// recipe_functions.cpp has the functions that come with it.
#pragma once

#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include "attention/builder.h"

namespace heed::attention {

struct Datum;
using List = std::vector<Datum>;

// A value. What does not fit is kept by the reader.
struct Datum {
  enum Kind : uint8_t { kNothing, kNumber, kText, kTensor, kList, kActivation, kFunction };
  Datum() = default;
  Datum(double of) : kind(kNumber), number(of) {}
  Kind kind = kNothing;
  union {
    double number = 0;
    Value tensor;
    const std::string* text;
    const List* list;
    const kernels::Activation* activation;
    const char* function;  // behind its name
  };

  bool truth() const;
};

std::vector<int64_t> integers_of(const List& list);

struct Named {
  std::string_view name;  // empty: an argument that is given by its place
  Datum value;
};

class Reader {
 public:
  Reader(Builder& b, const std::vector<Named>& globals)
      : b_(&b), variables_(globals), globals_(globals.size()), visible_(globals_) {}

  // The function or the layer `word` of the recipes' texts; null when there is none.
  const Named* find(std::string_view word, bool function) const;
  // Calls what find gave, with the arguments from `first` on.
  Datum call(const Named& function, size_t first);

 private:
  // What is read while `live_` is not set is skipped.
  void resume(bool live) { live_ = live && !stopped_; }
  void mistake(const char* what);

  void blank();
  bool take(char c);
  void expect(char c);
  std::string_view name();
  bool take_assigned(std::string_view& name);  // goes behind `name =`

  void statement();
  void branch();
  void loop_over();
  void loop_while();
  void define();
  void parameters(size_t first);
  void set(std::string_view name, const Datum& value);

  Datum expression();
  Datum infix(int least);
  Datum apply(int which, const Datum& a, const Datum& b);
  Datum operand();
  Datum primary();
  Datum number_literal();
  Datum text_literal();
  Datum option();
  // Reads arguments up to `end`, behind those that are being read.
  void arguments(char end);
  Datum call_by_name(std::string_view name, size_t first);
  Datum call_node(std::string_view op, size_t first);
  Datum call_under(size_t first);

  // recipe_functions.cpp. The number of the builtin function, -1: none; and its value.
  static int builtin(std::string_view name);
  Datum call_builtin(int which, size_t first);

  // What an argument must be.
  const std::string& text(const Datum& datum);
  double number(const Datum& datum, double fallback = 0);
  Extent whole(const Datum& datum, Extent fallback = 0);
  Value tensor(const Datum& datum);
  Shape shape(const Datum& datum);
  Datum of_tensor(Value tensor);
  Datum of_text(std::string_view text);
  Datum of_list(const std::vector<double>& numbers);

  struct Kept {
    std::string text;
    List list;
    kernels::Activation activation;
  };
  Kept& keep() { return kept_.emplace_front(); }
  Datum node(std::string_view op, Value a, Value b);

  Builder* b_;
  const char* at_ = "";
  bool live_ = true;
  bool stopped_ = false;  // by return, or for good
  bool mistaken_ = false;
  Datum last_;  // the value of the last statement
  std::vector<Named> variables_;
  size_t globals_;    // the texts' functions come first
  size_t visible_;    // the first variable that the function sees
  size_t frame_ = 0;  // the first that is its own
  std::vector<Named> arguments_;
  std::forward_list<Kept> kept_;
};

}  // namespace heed::attention
