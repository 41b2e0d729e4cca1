#include "attention/recipe.h"

#include <algorithm>
#include <cmath>
#include <forward_list>

#include "attention/builder.h"
#include "attention/layer.h"
#include "attention/pooled_gate.h"

namespace heed::attention {

namespace {

// --- The texts ---

struct Definition {
  std::string_view name;
  const char* at;  // behind the name
  bool is_layer;
};

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view name_at(const char* text) {
  const char* end = text;
  while (is_name(*end)) ++end;
  return {text, static_cast<size_t>(end - text)};
}

class Definitions {
 public:
  Definitions() {
    for (const char* text : built_in_recipes()) add(text);
  }
  // What stands at the beginnings of lines.
  void add(const char* text) {
    for (; *text; ++text) {
      const std::string_view word = name_at(text);
      const bool is_layer = word == "layer";
      if (is_layer || word == "fn") {
        const std::string_view name = name_at(text + word.size() + 1);
        known_.push_back({name, name.data() + name.size(), is_layer});
      }
      while (*text && *text != '\n') ++text;
      if (!*text) return;
    }
  }
  const char* find(std::string_view name, bool layer) const {
    for (const Definition& known : known_) {
      if (known.name == name && known.is_layer == layer) return known.at;
    }
    return nullptr;
  }

 private:
  std::vector<Definition> known_;
};

Definitions& definitions() {
  static Definitions all;
  return all;
}

// --- Values ---

struct Datum;
using List = std::vector<Datum>;

struct Datum {
  enum Kind : uint8_t { kNothing, kNumber, kText, kTensor, kList, kActivation, kFunction };
  Datum() = default;
  Datum(double of) : kind(kNumber), number(of) {}
  Datum(const std::string* of) : kind(kText), text(of) {}
  Datum(const List* of) : kind(kList), list(of) {}
  Datum(const kernels::Activation* of) : kind(kActivation), activation(of) {}
  Kind kind = kNothing;
  union {
    double number = 0;
    const std::string* text;
    Value tensor;
    const List* list;
    const kernels::Activation* activation;
    const char* function;
  };
};

Datum of_tensor(Value tensor) {
  Datum datum;
  if (tensor == kNoTensor) return datum;
  datum.kind = Datum::kTensor;
  datum.tensor = tensor;
  return datum;
}

struct Named {
  std::string_view name;
  Datum value;
};

struct Infix {
  char text[4];
  uint8_t level;
  const char* node;  // of tensors
};
enum { kOr, kAnd, kEqual, kUnequal, kAtMost, kAtLeast, kLess, kMore, kPlus, kMinus, kTimes, kWhole,
       kOver, kRest };
constexpr Infix kInfix[] = {
    {"or", 1, nullptr},       {"and", 2, nullptr},         {"==", 3, nullptr},
    {"!=", 3, nullptr},       {"<=", 3, "LessOrEqual"},    {">=", 3, "GreaterOrEqual"},
    {"<", 3, "Less"},         {">", 3, "Greater"},         {"+", 4, "Add"},
    {"-", 4, "Sub"},          {"*", 5, "Mul"},             {"//", 5, "Div"},
    {"/", 5, "Div"},          {"%", 5, "Mod"},
};

// --- The reader ---

class Reader {
 public:
  explicit Reader(Builder& b) : b_(&b) {}

  // Arguments of the builtin function that is being called.
  struct Arguments {
    Reader& reader;
    Builder& b;
    const Datum* data;
    size_t count;

    Datum operator[](size_t i) const { return i < count ? data[i] : Datum(); }
    const std::string& text(size_t i, const std::string* fallback = nullptr) const;
    double number(size_t i, double fallback = 0) const;
    Extent whole(size_t i, Extent fallback = 0) const;
    Value tensor(size_t i) const { return reader.tensor((*this)[i]); }
    Shape shape(size_t i) const;
  };

  void run(const char* body) {
    const char* back = at_;
    const size_t visible = visible_;
    const size_t frame = frame_;
    const size_t count = variables_.size();
    at_ = body;
    visible_ = frame_ = count;
    statement();
    stopped_ = mistaken_;
    live_ = !stopped_;
    variables_.resize(count);
    visible_ = visible;
    frame_ = frame;
    at_ = back;
  }
  Datum text(std::string_view of) { return &texts_.emplace_front(of); }
  Datum list(List of) { return &lists_.emplace_front(std::move(of)); }
  Datum activation(const kernels::Activation& of) { return &activations_.emplace_front(of); }
  void mistake(const char* what);

  Value tensor(const Datum& datum);

 private:
  // What is read while `live_` is not set is skipped.
  void resume(bool live) { live_ = live && !stopped_; }

  void blank();
  bool take(char c);
  void expect(char c);
  std::string_view name();
  // Goes behind `name =`.
  bool take_assigned(std::string_view& name);

  void statement();
  void branch();
  void loop_over();
  void loop_while();
  void define();

  Datum expression();
  Datum infix(int least);
  Datum apply(int which, const Datum& a, const Datum& b);
  Datum value();
  Datum primary();
  Datum number_literal();
  Datum text_literal();
  Datum list_literal();
  Datum option();
  Datum variable(std::string_view name);

  // Reads arguments up to `end`, behind those that are being read.
  void arguments(char end);
  Datum call(std::string_view name, size_t first, size_t first_named);
  Datum call_function(const char* function, size_t first, size_t first_named, bool own);
  Datum call_node(std::string_view op, size_t first, size_t first_named);
  Datum call_at(size_t first);
  void parameters(size_t first);
  void set(std::string_view name, const Datum& value);
  Datum node(const char* op, Value a, Value b = kNoTensor) {
    return of_tensor(b_->node(op, {a, b}));
  }

  Builder* b_;
  const char* at_ = "";
  bool live_ = true;
  bool stopped_ = false;  // by return, or for good
  bool mistaken_ = false;
  Datum last_;  // the value of the last statement
  std::vector<Named> variables_;
  size_t frame_ = 0;    // the first of the function's own
  size_t visible_ = 0;  // the first that it sees
  std::vector<Datum> values_;
  std::vector<Named> named_;
  std::forward_list<std::string> texts_;
  std::forward_list<List> lists_;
  std::forward_list<kernels::Activation> activations_;
};

bool truth(const Datum& datum) {
  switch (datum.kind) {
    case Datum::kNothing:
      return false;
    case Datum::kNumber:
      return datum.number != 0;
    case Datum::kText:
      return !datum.text->empty();
    case Datum::kList:
      return !datum.list->empty();
    default:
      return true;
  }
}

Extent whole(double number) {
  constexpr double kMost = kMostElements;
  return static_cast<Extent>(std::max(-kMost, std::min(kMost, number)));
}

void Reader::mistake(const char* what) {
  if (!mistaken_) {
    const std::string_view rest = at_;
    b_->fail(Code::kInternal, "a mistake in the recipe, ", what, ", in front of: ",
             rest.substr(0, 40));
  }
  at_ = "";
  mistaken_ = stopped_ = true;
  live_ = false;
}

const std::string& Reader::Arguments::text(size_t i, const std::string* fallback) const {
  static const std::string none;
  const Datum datum = (*this)[i];
  if (datum.kind == Datum::kText) return *datum.text;
  if (!fallback || datum.kind != Datum::kNothing) reader.mistake("no text");
  return fallback ? *fallback : none;
}

double Reader::Arguments::number(size_t i, double fallback) const {
  const Datum datum = (*this)[i];
  if (datum.kind == Datum::kNumber) return datum.number;
  if (datum.kind != Datum::kNothing) reader.mistake("no number");
  return fallback;
}

Extent Reader::Arguments::whole(size_t i, Extent fallback) const {
  return attention::whole(number(i, fallback));
}

Shape Reader::Arguments::shape(size_t i) const {
  Shape shape;
  const Datum datum = (*this)[i];
  if (datum.kind != Datum::kList || datum.list->size() > kMaxRank) {
    reader.mistake("no shape");
    return shape;
  }
  for (const Datum& extent : *datum.list) shape.push_back(attention::whole(extent.number));
  return shape;
}

std::vector<int64_t> integers_of(const List& list) {
  std::vector<int64_t> values;
  for (const Datum& datum : list) values.push_back(static_cast<int64_t>(datum.number));
  return values;
}

Value Reader::tensor(const Datum& datum) {
  switch (datum.kind) {
    case Datum::kTensor:
      return datum.tensor;
    case Datum::kNumber:
      return b_->scalar(static_cast<float>(datum.number));
    case Datum::kList:
      return b_->integers(integers_of(*datum.list));
    case Datum::kNothing:
      return kNoTensor;
    default:
      mistake("no tensor");
      return b_->scalar(0);
  }
}

// --- Words ---

void Reader::blank() {
  for (;; ++at_) {
    if (*at_ == '#') {
      while (*at_ && *at_ != '\n') ++at_;
    }
    if (*at_ != ' ' && *at_ != '\n') return;
  }
}

bool Reader::take(char c) {
  blank();
  if (*at_ != c) return false;
  ++at_;
  return true;
}

void Reader::expect(char c) {
  const char what[] = {'n', 'o', ' ', c, '\0'};
  if (!take(c)) mistake(what);
}

std::string_view Reader::name() {
  blank();
  const std::string_view word = name_at(at_);
  at_ += word.size();
  return word;
}

bool Reader::take_assigned(std::string_view& word) {
  const char* const begin = at_;
  word = name();
  if (!word.empty() && take('=') && *at_ != '=') return true;
  at_ = begin;
  return false;
}

// --- Statements ---

void Reader::statement() {
  if (take('{')) {
    while (!take('}')) {
      if (!*at_) return mistake("no }");
      statement();
    }
    return;
  }
  std::string_view word;
  Datum value;
  if (take_assigned(word)) {
    value = expression();
    if (live_) set(word, value);
  } else {
    const char* const begin = at_;
    word = name();
    if (word == "if") return branch();
    if (word == "for") return loop_over();
    if (word == "while") return loop_while();
    if (word == "fn") return define();
    const bool returns = word == "return";
    if (!returns) at_ = begin;
    value = expression();
    if (live_ && returns) {
      last_ = value;
      stopped_ = true;
      live_ = false;
    }
  }
  if (live_) last_ = value;
}

void Reader::branch() {
  const Datum condition = expression();
  const bool live = live_;
  const bool yes = truth(condition);
  live_ = live && yes;
  statement();
  const char* const behind = at_;
  resume(live && !yes);
  if (name() == "else") {
    statement();
  } else {
    at_ = behind;
  }
  resume(live);
}

void Reader::loop_over() {
  const std::string_view item = name();
  const Datum over = expression();
  const char* const body = at_;
  const bool live = live_;
  const bool of_list = over.kind == Datum::kList;
  const size_t count = of_list                       ? over.list->size()
                       : over.kind == Datum::kNumber ? static_cast<size_t>(whole(over.number))
                                                     : 0;
  for (size_t i = 0; i < count && live_; ++i) {
    at_ = body;
    set(item, of_list ? (*over.list)[i] : Datum(static_cast<double>(i)));
    statement();
  }
  at_ = body;
  live_ = false;
  statement();
  resume(live);
}

void Reader::loop_while() {
  const char* const begin = at_;
  const bool live = live_;
  do {
    at_ = begin;
    const Datum condition = expression();
    live_ = live_ && truth(condition);
    statement();
  } while (live_);
  resume(live);
}

void Reader::define() {
  const std::string_view word = name();
  Datum function;
  function.kind = Datum::kFunction;
  function.function = at_;
  const bool live = live_;
  if (live) set(word, function);
  live_ = false;
  expect('(');
  const size_t count = variables_.size();
  parameters(values_.size());
  variables_.resize(count);
  statement();
  resume(live);
}

void Reader::parameters(size_t first) {
  while (!take(')')) {
    const std::string_view word = name();
    if (word.empty()) return mistake("no parameter");
    variables_.push_back({word, first < values_.size() ? values_[first] : Datum()});
    ++first;
    take(',');
  }
}

void Reader::set(std::string_view word, const Datum& value) {
  for (size_t i = frame_; i < variables_.size(); ++i) {
    if (variables_[i].name == word) {
      variables_[i].value = value;
      return;
    }
  }
  variables_.push_back({word, value});
}

Datum Reader::variable(std::string_view word) {
  for (size_t i = variables_.size(); i > visible_; --i) {
    if (variables_[i - 1].name == word) return variables_[i - 1].value;
  }
  return {};
}

// --- Expressions ---

Datum Reader::expression() {
  const Datum condition = infix(1);
  if (!take('?')) return condition;
  const bool live = live_;
  const bool yes = truth(condition);
  live_ = live && yes;
  const Datum first = expression();
  resume(live && !yes);
  expect(':');
  const Datum second = expression();
  resume(live);
  return yes ? first : second;
}

// Which operator stands here, -1 for none.
int infix_at(const char* at) {
  for (int which = 0; which <= kRest; ++which) {
    const char* text = kInfix[which].text;
    size_t length = 0;
    while (length < 3 && text[length] && at[length] == text[length]) ++length;
    if (length < 3 && text[length]) continue;
    if (which <= kAnd && is_name(at[length])) continue;
    return which;
  }
  return -1;
}

Datum Reader::infix(int least) {
  Datum left = value();
  for (;;) {
    blank();
    const int which = infix_at(at_);
    if (which < 0 || kInfix[which].level < least) return left;
    const char* text = kInfix[which].text;
    for (int i = 0; i < 3 && text[i]; ++i) ++at_;
    const bool live = live_;
    const int level = kInfix[which].level + 1;
    if (which <= kAnd) {
      const bool decides = truth(left) != (which == kOr);
      live_ = live && decides;
      const Datum right = infix(level);
      resume(live);
      if (decides) left = right;
    } else {
      const Datum right = infix(level);
      if (live_) left = apply(which, left, right);
    }
  }
}

bool same(const Datum& a, const Datum& b) {
  if (a.kind != b.kind) return false;
  if (a.kind == Datum::kNumber) return a.number == b.number;
  if (a.kind == Datum::kText) return *a.text == *b.text;
  if (a.kind == Datum::kTensor) return a.tensor == b.tensor;
  return a.kind == Datum::kNothing;
}

Datum Reader::apply(int which, const Datum& a, const Datum& b) {
  if (which <= kUnequal) return same(a, b) == (which == kEqual);
  if (a.kind == Datum::kTensor || b.kind == Datum::kTensor) {
    return node(kInfix[which].node, tensor(a), tensor(b));
  }
  if (which == kPlus && a.kind == Datum::kList && b.kind == Datum::kList) {
    List joined = *a.list;
    joined.insert(joined.end(), b.list->begin(), b.list->end());
    return list(std::move(joined));
  }
  if (a.kind != Datum::kNumber || b.kind != Datum::kNumber) {
    mistake("no numbers");
    return {};
  }
  const double x = a.number, y = b.number;
  switch (which) {
    case kAtMost:
      return x <= y;
    case kAtLeast:
      return x >= y;
    case kLess:
      return x < y;
    case kMore:
      return x > y;
    case kPlus:
      return x + y;
    case kMinus:
      return x - y;
    case kTimes:
      return x * y;
    case kOver:
      return x / y;
    case kWhole:
      return std::trunc(x / y);
    default:
      return x - y * std::trunc(x / y);
  }
}

Datum Reader::value() {
  if (take('-')) {
    const Datum of = value();
    return !live_ ? Datum() : of.kind == Datum::kNumber ? Datum(-of.number)
                                                        : node("Neg", tensor(of));
  }
  if (take('!')) return static_cast<double>(!truth(value()));
  Datum of = primary();
  while (*at_ == '[') {
    ++at_;
    const Datum index = expression();
    expect(']');
    if (of.kind != Datum::kList) continue;
    const bool inside = index.number >= 0 && index.number < static_cast<double>(of.list->size());
    of = inside ? (*of.list)[static_cast<size_t>(index.number)] : Datum();
  }
  return of;
}

Datum Reader::primary() {
  blank();
  const char c = *at_;
  if (c >= '0' && c <= '9') return number_literal();
  if (c == '"') return text_literal();
  if (take('[')) return list_literal();
  if (take('$')) return option();
  if (take('(')) {
    const Datum inner = expression();
    expect(')');
    return inner;
  }
  const std::string_view word = name();
  if (word.empty()) {
    mistake("no value");
    return {};
  }
  if (*at_ != '(') return live_ ? variable(word) : Datum();
  ++at_;
  const size_t first = values_.size(), first_named = named_.size();
  arguments(')');
  Datum result;
  if (word == "under") {
    result = call_at(first);
  } else if (live_) {
    result = call(word, first, first_named);
  }
  values_.resize(first);
  named_.resize(first_named);
  return result;
}

Datum Reader::number_literal() {
  double number = 0, scale = 1;
  const auto digits = [&](double factor) {
    for (; *at_ >= '0' && *at_ <= '9'; ++at_, scale *= factor) number = number * 10 + (*at_ - '0');
  };
  digits(1);
  if (*at_ == '.') {
    ++at_;
    digits(10);
  }
  // Powers of ten up to 1e22 are exact, so that a quotient is rounded once.
  if (*at_ == 'e') {
    ++at_;
    const bool small = *at_ == '-';
    at_ += small;
    int power = 0;
    for (; *at_ >= '0' && *at_ <= '9'; ++at_) power = power * 10 + (*at_ - '0');
    double& side = small ? scale : number;
    for (; power > 0; --power) side *= 10;
  }
  return number / scale;
}

Datum Reader::text_literal() {
  ++at_;
  std::string out;
  for (;;) {
    const char* begin = at_;
    while (*at_ && *at_ != '"' && *at_ != '{') ++at_;
    if (live_) out.append(begin, at_);
    if (!*at_) {
      mistake("no \"");
      return {};
    }
    if (*at_++ == '"') break;
    const Datum inner = expression();
    expect('}');
    if (!live_) continue;
    if (inner.kind == Datum::kNumber) {
      out.append(join(inner.number));
    } else if (inner.kind == Datum::kText) {
      out.append(*inner.text);
    }
  }
  return live_ ? text(out) : Datum();
}

Datum Reader::list_literal() {
  const size_t first = values_.size();
  arguments(']');
  if (!live_) {
    values_.resize(first);
    return {};
  }
  const Datum made = list(List(values_.begin() + static_cast<ptrdiff_t>(first), values_.end()));
  values_.resize(first);
  return made;
}

Datum Reader::option() {
  const std::string word(name());
  if (*at_ != '(') return live_ ? Datum(static_cast<double>(b_->has_option(word.c_str()))) : Datum();
  ++at_;
  const size_t first = values_.size();
  arguments(')');
  const size_t count = values_.size() - first;
  const Arguments given{*this, *b_, values_.data() + first, count};
  Datum result;
  if (!live_) {
  } else if (given[0].kind == Datum::kText) {
    result = b_->choice(word.c_str(), given.text(0).c_str());
  } else {
    result = b_->integer(word.c_str(), given.whole(0), given.whole(1, count == 1));
  }
  values_.resize(first);
  return result;
}

// --- Calls ---

void Reader::arguments(char end) {
  while (!take(end)) {
    std::string_view word;
    const bool named = take_assigned(word);
    const Datum given = expression();
    if (named) {
      named_.push_back({word, given});
    } else {
      values_.push_back(given);
    }
    if (take(',')) continue;
    return expect(end);
  }
}

Datum Reader::call_function(const char* function, size_t first, size_t first_named, bool own) {
  const char* const back = at_;
  const size_t frame = frame_, visible = visible_, count = variables_.size();
  at_ = function;
  expect('(');
  parameters(first);
  for (size_t i = first_named; i < named_.size(); ++i) {
    frame_ = count;
    set(named_[i].name, named_[i].value);
  }
  frame_ = count;
  if (!own) visible_ = count;
  last_ = {};
  statement();
  stopped_ = mistaken_;
  live_ = !stopped_;
  variables_.resize(count);
  frame_ = frame;
  visible_ = visible;
  at_ = back;
  return last_;
}

Datum Reader::call_node(std::string_view op, size_t first, size_t first_named) {
  for (size_t i = first_named; i < named_.size(); ++i) {
    const std::string key(named_[i].name);
    const Datum& given = named_[i].value;
    if (given.kind == Datum::kActivation) {
      set_activation(b_->attributes(), key, *given.activation);
    } else if (given.kind == Datum::kText) {
      b_->attributes().set(key, *given.text);
    } else if (given.kind == Datum::kList) {
      b_->attributes().set(key, integers_of(*given.list));
    } else if (given.kind == Datum::kNumber) {
      const auto integer = static_cast<int64_t>(whole(given.number));
      if (static_cast<double>(integer) == given.number) {
        b_->attributes().set(key, integer);
      } else {
        b_->attributes().set(key, static_cast<float>(given.number));
      }
    }
  }
  std::vector<Value> inputs;
  for (size_t i = first; i < values_.size(); ++i) {
    const Datum given = values_[i];
    // A list of tensors is several inputs.
    if (given.kind == Datum::kList && !given.list->empty() &&
        given.list->front().kind == Datum::kTensor) {
      for (const Datum& element : *given.list) inputs.push_back(tensor(element));
    } else {
      inputs.push_back(tensor(given));
    }
  }
  return of_tensor(b_->node(op, std::move(inputs)));
}

Datum Reader::call_at(size_t first) {
  if (!live_) {
    statement();
    return {};
  }
  const Arguments given{*this, *b_, values_.data() + first, values_.size() - first};
  std::vector<Value> inputs;
  for (size_t i = 2; i < given.count; ++i) inputs.push_back(given.tensor(i));
  const std::string map = given.text(1);
  Builder* const outer = b_;
  const auto inner = [&](Builder& b) {
    b_ = &b;
    statement();
  };
  // Copied, as arguments move while the inner ones are read.
  const std::string place = given.text(0);
  const Value result = outer->nested(inner, place, inputs, map.c_str());
  b_ = outer;
  return of_tensor(result);
}

using Arguments = Reader::Arguments;

Datum list_of(const Arguments& a, const std::vector<double>& numbers) {
  return a.reader.list(List(numbers.begin(), numbers.end()));
}

struct Builtin {
  const char* name;
  Datum (*call)(const Arguments& a);
};

constexpr Builtin kBuiltins[] = {
    // --- Arguments: a name, a shape ---
    {"arg",  // with a 1: of int64
     [](const Arguments& a) {
       const DType dtype = a.whole(2) ? DType::kI64 : DType::kF32;
       return of_tensor(a.b.argument(a.text(0).c_str(), a.text(1).c_str(), {}, dtype));
     }},
    {"opt",  // nothing when it is not given
     [](const Arguments& a) {
       return of_tensor(a.b.optional_argument(a.text(0).c_str(), a.text(1).c_str()));
     }},
    {"given", [](const Arguments& a) -> Datum { return a.b.given(a.text(0).c_str()); }},
    {"more", [](const Arguments& a) -> Datum { return a.b.has_more_arguments(); }},

    // --- Options: a name, what is taken when it is not given ---
    {"num",
     [](const Arguments& a) -> Datum { return a.b.number(a.text(0).c_str(), a.number(1)); }},
    {"is_text", [](const Arguments& a) -> Datum { return a.b.is_text(a.text(0).c_str()); }},
    {"text", [](const Arguments& a) { return a.reader.text(a.b.text(a.text(0).c_str())); }},
    {"numbers", [](const Arguments& a) { return list_of(a, a.b.numbers(a.text(0).c_str())); }},
    {"axes",  // how many, fallback, least
     [](const Arguments& a) {
       const auto values = a.b.per_axis(a.text(0).c_str(), a.whole(1), a.whole(2), a.whole(3));
       return list_of(a, {values.begin(), values.end()});
     }},
    {"choices",
     [](const Arguments& a) -> Datum {
       return a.b.choices(a.text(0).c_str(), a.text(1).c_str(), static_cast<uint32_t>(a.whole(2)));
     }},
    {"act",
     [](const Arguments& a) {
       return a.reader.activation(a.b.activation(a.text(0).c_str(), a.text(1).c_str()));
     }},

    // --- Weights ---
    {"fresh", [](const Arguments& a) -> Datum { return a.b.fresh(); }},
    {"has", [](const Arguments& a) -> Datum { return a.b.has(a.text(0)); }},
    {"below", [](const Arguments& a) -> Datum { return a.b.has_below(a.text(0)); }},
    {"find",  // a place, with its dot
     [](const Arguments& a) {
       const std::string_view found = a.b.find(a.text(0));
       return a.reader.text(found.empty() ? "" : join(found, "."));
     }},
    {"extent",
     [](const Arguments& a) -> Datum { return a.b.extent(a.text(0), a.whole(1), a.whole(2, 1)); }},
    {"rank", [](const Arguments& a) -> Datum { return a.b.rank(a.text(0)); }},
    {"told",
     [](const Arguments& a) -> Datum {
       return a.b.told(a.text(0).c_str(), a.whole(1), a.whole(2));
     }},
    // A shape; what a new one is filled with: 0 uniform, 1 zeros, 2 ones.
    {"weight",
     [](const Arguments& a) {
       return of_tensor(a.b.weight(a.text(0), a.shape(1), static_cast<Fill>(a.whole(2))));
     }},
    {"optional",  // whether a new layer has one, what it is filled with
     [](const Arguments& a) {
       return of_tensor(a.b.optional_weight(a.text(0), a.shape(1), truth(a[2]),
                                            static_cast<Fill>(a.whole(3))));
     }},
    {"ignore",
     [](const Arguments& a) {
       a.b.ignore(a.text(0));
       return Datum();
     }},
    {"raw",
     [](const Arguments& a) {
       a.b.raw_weight(a.text(0));
       return Datum();
     }},

    // --- Nodes and results ---
    {"next", [](const Arguments& a) { return of_tensor(a.b.next_output()); }},
    {"floats",  // numbers, a shape
     [](const Arguments& a) {
       std::vector<float> values;
       if (a[0].kind == Datum::kList) {
         for (const Datum& value : *a[0].list) values.push_back(static_cast<float>(value.number));
       }
       return of_tensor(
           a.b.constant(make_constant(std::span<const float>(values), a.shape(1))));
     }},
    {"activate",
     [](const Arguments& a) {
       if (a[1].kind != Datum::kActivation) a.reader.mistake("no activation");
       return a[1].kind != Datum::kActivation
                  ? Datum()
                  : of_tensor(a.b.activate(a.tensor(0), *a[1].activation));
     }},
    {"map",
     [](const Arguments& a) {
       const std::string attention = "attention";
       a.b.map(a.text(0).c_str(), a.tensor(1), a.text(2).c_str(), a.text(3, &attention).c_str());
       return a[1];
     }},
    {"result",
     [](const Arguments& a) {
       const std::string output = "output";
       a.b.result(a.tensor(0), a.text(1, &output).c_str());
       return a[0];
     }},

    // --- Parts of the layer ---
    {"parts",
     [](const Arguments& a) -> Datum { return static_cast<double>(a.b.layer().parts.size()); }},
    {"part",  // its number, what it is applied to
     [](const Arguments& a) {
       return of_tensor(a.b.part(a.b.layer().parts[static_cast<size_t>(a.whole(0))],
                                 {a.tensor(1)})[0]);
     }},
    {"layer",
     [](const Arguments& a) {
       if (const char* body = definitions().find(a.text(0), true)) {
         a.reader.run(body);
       } else {
         a.reader.mistake("no layer");
       }
       return Datum();
     }},

    // --- Errors: of an option's value, of the call ---
    {"wrong",
     [](const Arguments& a) {
       a.b.fail(Code::kWrongValue, a.text(0));
       return Datum();
     }},
    {"invalid",
     [](const Arguments& a) {
       a.b.fail(Code::kInvalidArgument, a.text(0));
       return Datum();
     }},
    {"ok", [](const Arguments& a) -> Datum { return a.b.ok(); }},

    // --- Numbers ---
    {"max", [](const Arguments& a) -> Datum { return std::max(a.number(0), a.number(1)); }},
    {"min", [](const Arguments& a) -> Datum { return std::min(a.number(0), a.number(1)); }},
    {"sqrt", [](const Arguments& a) -> Datum { return std::sqrt(a.number(0)); }},
    {"len",
     [](const Arguments& a) -> Datum {
       return a[0].kind == Datum::kList ? static_cast<double>(a[0].list->size()) : 0.0;
     }},
};

Datum Reader::call(std::string_view word, size_t first, size_t first_named) {
  const Datum known = variable(word);
  if (known.kind == Datum::kFunction) {
    return call_function(known.function, first, first_named, true);
  }
  if (word[0] >= 'A' && word[0] <= 'Z') return call_node(word, first, first_named);
  if (const char* function = definitions().find(word, false)) {
    return call_function(function, first, first_named, false);
  }
  for (const Builtin& builtin : kBuiltins) {
    if (word != builtin.name) continue;
    const Arguments given{*this, *b_, values_.data() + first, values_.size() - first};
    return builtin.call(given);
  }
  at_ = word.data();
  mistake("no such function");
  return {};
}

}  // namespace

bool build_by_recipe(Builder& b, std::string_view kind) {
  const char* const body = definitions().find(kind, true);
  if (body) Reader(b).run(body);
  return body != nullptr;
}

void add_recipes(const char* text) { definitions().add(text); }

}  // namespace heed::attention
