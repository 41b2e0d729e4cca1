#include "attention/recipe.h"

#include <cmath>

#include "attention/pooled_gate.h"
#include "attention/recipe_reader.h"

namespace heed::attention {

namespace {

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view name_at(const char* text) {
  const char* end = text;
  while (is_name(*end)) ++end;
  return {text, static_cast<size_t>(end - text)};
}

// Adds what a text defines at the beginnings of its lines.
void read_definitions(const char* text, std::vector<Named>& all) {
  while (*text) {
    const std::string_view word = name_at(text);
    if (word == "fn" || word == "layer") {
      Named definition{name_at(text + word.size() + 1), {}};
      definition.value.kind = Datum::kFunction;
      definition.value.function = definition.name.data() + definition.name.size();
      all.push_back(definition);
    }
    while (*text && *text++ != '\n') {
    }
  }
}

std::vector<Named>& definitions() {
  static std::vector<Named> all = [] {
    std::vector<Named> built_in;
    for (const char* text : built_in_recipes()) read_definitions(text, built_in);
    return built_in;
  }();
  return all;
}

}  // namespace

void add_recipes(const char* text) { read_definitions(text, definitions()); }

bool build_by_recipe(Builder& b, std::string_view kind) {
  Reader reader(b, definitions());
  const Named* layer = reader.find(kind, true);
  // Functions have parameters.
  if (!layer || *layer->value.function == '(') return false;
  reader.call(*layer, 0);
  return true;
}

// --- Words ---

void Reader::mistake(const char* what) {
  if (!mistaken_) {
    b_->fail(Code::kInternal, join("a mistake in the recipe, ", what,
                                   ", in front of: ", std::string_view(at_).substr(0, 40)));
  }
  at_ = "";
  mistaken_ = stopped_ = true;
  live_ = false;
}

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
  bool returns = false;
  const bool assigns = take_assigned(word);
  if (!assigns) {
    const char* const begin = at_;
    name();
    if (word == "if") return branch();
    if (word == "for") return loop_over();
    if (word == "while") return loop_while();
    if (word == "fn") return define();
    returns = word == "return";
    if (!returns) at_ = begin;
  }
  const Datum value = expression();
  if (!live_) return;
  last_ = value;
  if (assigns) set(word, value);
  if (returns) {
    stopped_ = true;
    live_ = false;
  }
}

void Reader::branch() {
  const Datum condition = expression();
  const bool live = live_;
  const bool yes = condition.truth();
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
  const size_t count = of_list ? over.list->size() : static_cast<size_t>(whole(over));
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
    live_ = live_ && condition.truth();
    statement();
  } while (live_);
  resume(live);
}

void Reader::define() {
  const std::string_view word = name();
  Datum function;
  function.kind = Datum::kFunction;
  function.function = at_;
  if (live_) set(word, function);
  const bool live = live_;
  live_ = false;
  expect('(');
  const size_t count = variables_.size();
  parameters(arguments_.size());
  variables_.resize(count);
  statement();
  resume(live);
}

void Reader::parameters(size_t first) {
  while (!take(')')) {
    Named parameter{name(), {}};
    if (parameter.name.empty()) return mistake("no parameter");
    // Those that are given by their places come first.
    if (first < arguments_.size() && arguments_[first].name.empty()) {
      parameter.value = arguments_[first++].value;
    }
    variables_.push_back(parameter);
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

const Named* Reader::find(std::string_view word, bool function) const {
  for (size_t i = variables_.size(); i > 0; --i) {
    if (i == visible_) i = globals_;
    if (i == 0) break;
    const Named& known = variables_[i - 1];
    if (known.name == word && (known.value.kind == Datum::kFunction) == function) return &known;
  }
  return nullptr;
}

Datum Reader::call(const Named& function, size_t first) {
  const char* const back = at_;
  const size_t frame = frame_, visible = visible_, count = variables_.size();
  const bool global = &function < variables_.data() + globals_;
  at_ = function.value.function;
  if (*at_ == '(') {
    ++at_;
    parameters(first);
  }
  frame_ = count;
  if (global) visible_ = count;
  for (size_t i = first; i < arguments_.size(); ++i) {
    if (!arguments_[i].name.empty()) set(arguments_[i].name, arguments_[i].value);
  }
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

// --- Expressions ---

Datum Reader::expression() {
  const Datum condition = infix(1);
  if (!take('?')) return condition;
  const bool live = live_;
  const bool yes = condition.truth();
  live_ = live && yes;
  const Datum first = expression();
  resume(live && !yes);
  expect(':');
  const Datum second = expression();
  resume(live);
  return yes ? first : second;
}

namespace {

struct Infix {
  char text[4];
  uint8_t level;
  char node[15];  // of tensors
};
enum {
  kOr,
  kAnd,
  kEqual,
  kUnequal,
  kAtMost,
  kAtLeast,
  kLess,
  kMore,
  kPlus,
  kMinus,
  kTimes,
  kWhole,
  kOver,
  kRest,
  kInfixes
};
constexpr Infix kInfix[] = {
    {"or", 1, ""},    {"and", 2, ""},           {"==", 3, ""},
    {"!=", 3, ""},    {"<=", 3, "LessOrEqual"}, {">=", 3, "GreaterOrEqual"},
    {"<", 3, "Less"}, {">", 3, "Greater"},      {"+", 4, "Add"},
    {"-", 4, "Sub"},  {"*", 5, "Mul"},          {"//", 5, "Div"},
    {"/", 5, "Div"},  {"%", 5, "Mod"},
};

bool same(const Datum& a, const Datum& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Datum::kNumber:
      return a.number == b.number;
    case Datum::kText:
      return *a.text == *b.text;
    case Datum::kTensor:
      return a.tensor == b.tensor;
    default:
      return a.kind == Datum::kNothing;
  }
}

}  // namespace

Datum Reader::infix(int least) {
  Datum left = operand();
  for (;;) {
    blank();
    int which = 0;
    const char* behind = at_;
    for (; which < kInfixes; ++which) {
      const char* text = kInfix[which].text;
      behind = at_;
      while (*text && *text == *behind) ++text, ++behind;
      if (!*text && (which > kAnd || !is_name(*behind))) break;
    }
    if (which == kInfixes || kInfix[which].level < least) return left;
    at_ = behind;
    const bool live = live_;
    const bool decides = which > kAnd || left.truth() != (which == kOr);
    live_ = live && decides;
    const Datum right = infix(kInfix[which].level + 1);
    resume(live);
    if (!live_ || !decides) continue;
    left = which > kAnd ? apply(which, left, right) : right;
  }
}

Datum Reader::apply(int which, const Datum& a, const Datum& b) {
  if (which <= kUnequal) return same(a, b) == (which == kEqual);
  if (a.kind == Datum::kTensor || b.kind == Datum::kTensor) {
    const Value first = tensor(a);
    return node(kInfix[which].node, first, tensor(b));
  }
  if (a.kind == Datum::kList && b.kind == Datum::kList) {
    Kept& kept = keep();
    for (const List* from : {a.list, b.list}) {
      for (const Datum& element : *from) kept.list.push_back(element);
    }
    Datum joined;
    joined.kind = Datum::kList;
    joined.list = &kept.list;
    return joined;
  }
  const double x = number(a), y = number(b);
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

Datum Reader::operand() {
  if (take('-')) {
    const Datum of = operand();
    if (!live_) return of;
    return of.kind == Datum::kTensor ? node("Neg", of.tensor, kNoTensor) : Datum(-number(of));
  }
  if (take('!')) return static_cast<double>(!operand().truth());
  Datum of = primary();
  while (*at_ == '[') {
    ++at_;
    const Datum index = expression();
    expect(']');
    if (of.kind != Datum::kList) continue;
    const auto at = static_cast<size_t>(whole(index));
    of = at < of.list->size() ? (*of.list)[at] : Datum();
  }
  return of;
}

Datum Reader::primary() {
  blank();
  const char c = *at_;
  if (c >= '0' && c <= '9') return number_literal();
  if (c == '"') return text_literal();
  const size_t first = arguments_.size();
  Datum result;
  if (take('$')) {
    result = option();
  } else if (take('(')) {
    result = expression();
    expect(')');
  } else if (take('[')) {
    arguments(']');
    if (live_) {
      Kept& kept = keep();
      for (size_t i = first; i < arguments_.size(); ++i) kept.list.push_back(arguments_[i].value);
      result.kind = Datum::kList;
      result.list = &kept.list;
    }
  } else {
    const std::string_view word = name();
    if (word.empty()) mistake("no value");
    if (*at_ == '(') {
      ++at_;
      arguments(')');
      if (word == "under") {
        result = call_under(first);
      } else if (live_) {
        result = call_by_name(word, first);
      }
    } else if (const Named* known = find(word, false)) {
      result = known->value;
    }
  }
  arguments_.resize(first);
  return live_ ? result : Datum();
}

Datum Reader::number_literal() {
  double number = 0, scale = 1;
  for (bool point = false;; ++at_) {
    if (*at_ == '.') {
      point = true;
    } else if (*at_ >= '0' && *at_ <= '9') {
      number = number * 10 + (*at_ - '0');
      if (point) scale *= 10;
    } else {
      break;
    }
  }
  // Powers of ten up to 1e22 are exact, so that a quotient is rounded once.
  if (*at_ == 'e') {
    double& side = *++at_ == '-' ? scale : number;
    if (*at_ == '-') ++at_;
    int power = 0;
    for (; *at_ >= '0' && *at_ <= '9'; ++at_) power = power * 10 + (*at_ - '0');
    for (; power > 0; --power) side *= 10;
  }
  return number / scale;
}

Datum Reader::text_literal() {
  std::string out;
  for (++at_; *at_ != '"';) {
    if (!*at_) {
      mistake("no \"");
      return {};
    }
    const char c = *at_++;
    if (c != '{') {
      if (live_) out.push_back(c);
      continue;
    }
    const Datum inner = expression();
    expect('}');
    if (inner.kind == Datum::kNumber) {
      out.append(join(inner.number));
    } else if (inner.kind != Datum::kNothing) {
      out.append(text(inner));
    }
  }
  ++at_;
  return live_ ? of_text(out) : Datum();
}

Datum Reader::option() {
  const std::string word(name());
  if (*at_ != '(') return static_cast<double>(b_->has_option(word));
  ++at_;
  const size_t first = arguments_.size();
  arguments(')');
  if (!live_) return {};
  const size_t count = arguments_.size() - first;
  arguments_.resize(first + 2);
  const Datum& fallback = arguments_[first].value;
  if (fallback.kind == Datum::kText) return b_->choice(word, *fallback.text);
  return b_->integer(word, whole(fallback), whole(arguments_[first + 1].value, count == 1));
}

// --- Calls ---

void Reader::arguments(char end) {
  while (!take(end)) {
    Named given;
    if (!take_assigned(given.name)) given.name = {};
    given.value = expression();
    arguments_.push_back(given);
    if (!take(',')) return expect(end);
  }
}

Datum Reader::call_by_name(std::string_view word, size_t first) {
  if (word[0] <= 'Z') return call_node(word, first);
  if (const Named* function = find(word, true)) return call(*function, first);
  const int which = builtin(word);
  if (which >= 0) return call_builtin(which, first);
  at_ = word.data();
  mistake("no such function");
  return {};
}

Datum Reader::call_node(std::string_view op, size_t first) {
  std::vector<Value> inputs;
  for (size_t i = first; i < arguments_.size(); ++i) {
    const auto& [key, given] = arguments_[i];
    if (key.empty()) {
      // A list of tensors is several inputs.
      if (given.kind == Datum::kList && !given.list->empty() &&
          given.list->front().kind == Datum::kTensor) {
        for (const Datum& element : *given.list) inputs.push_back(tensor(element));
      } else {
        inputs.push_back(tensor(given));
      }
      continue;
    }
    Attributes& attributes = b_->attributes();
    if (given.kind == Datum::kActivation) set_activation(attributes, key, *given.activation);
    if (given.kind == Datum::kText) attributes.set(key, *given.text);
    if (given.kind == Datum::kList) attributes.set(key, integers_of(*given.list));
    if (given.kind != Datum::kNumber) continue;
    const Extent integer = whole(given);
    if (integer == given.number) {
      attributes.set(key, int64_t{integer});
    } else {
      attributes.set(key, static_cast<float>(given.number));
    }
  }
  return of_tensor(b_->node(op, std::move(inputs)));
}

Datum Reader::node(std::string_view op, Value a, Value b) {
  return of_tensor(b_->node(op, {a, b}));
}

Datum Reader::call_under(size_t first) {
  if (!live_) {
    statement();
    return {};
  }
  std::vector<Value> inputs;
  for (size_t i = first + 2; i < arguments_.size(); ++i) {
    inputs.push_back(tensor(arguments_[i].value));
  }
  arguments_.resize(first + 2);
  const std::string& place = text(arguments_[first].value);
  const std::string& map = text(arguments_[first + 1].value);
  Builder* const outer = b_;
  const auto inner = [&](Builder& b) {
    b_ = &b;
    statement();
  };
  const Value result = outer->nested(inner, place, inputs, map);
  b_ = outer;
  return of_tensor(result);
}

}  // namespace heed::attention
