// The functions that come with the language: those of Builder, and of numbers.
#include <algorithm>
#include <cmath>

#include "attention/recipe_reader.h"

namespace heed::attention {

namespace {

enum Function {
#define HEED_FUNCTION(name) k_##name,
#include "attention/recipe_functions.def"
#undef HEED_FUNCTION
};

// One text of all names, a blank behind each.
constexpr char kNames[] =
#define HEED_FUNCTION(name) #name " "
#include "attention/recipe_functions.def"
#undef HEED_FUNCTION
    ;

}  // namespace

int Reader::builtin(std::string_view name) {
  const char* at = kNames;
  for (int which = 0; *at; ++which) {
    size_t length = 0;
    while (at[length] != ' ') ++length;
    if (name == std::string_view(at, length)) return which;
    at += length + 1;
  }
  return -1;
}

Datum Reader::call_builtin(int which, size_t first) {
  arguments_.resize(std::max(arguments_.size(), first + 4));
  const Named* const a = &arguments_[first];
  const Datum &a0 = a[0].value, &a1 = a[1].value, &a2 = a[2].value, &a3 = a[3].value;
  Builder& b = *b_;
  switch (which) {
    case k_arg:
      return of_tensor(b.argument(text(a0), text(a1), whole(a2) ? DType::kI64 : DType::kF32));
    case k_opt:
      return of_tensor(b.optional_argument(text(a0), text(a1)));
    case k_given:
      return b.given(text(a0));
    case k_more:
      return b.has_more_arguments();

    case k_num:
      return b.number(text(a0), number(a1));
    case k_text:
      return of_text(b.text(text(a0)));
    case k_is_text:
      return b.is_text(text(a0));
    case k_numbers:
      return of_list(b.numbers(text(a0)));
    case k_act: {
      Datum result;
      result.kind = Datum::kActivation;
      kernels::Activation& kept = keep().activation;
      kept = b.activation(text(a0), text(a1));
      result.activation = &kept;
      return result;
    }
    case k_choices:
      return b.choices(text(a0), text(a1), static_cast<uint32_t>(whole(a2)));
    case k_axes:
      return of_list(b.per_axis(text(a0), whole(a1), whole(a2), whole(a3)));

    case k_fresh:
      return b.fresh();
    case k_has:
      return b.has(text(a0));
    case k_below:
      return b.has_below(text(a0));
    case k_find: {
      std::string found = b.find(text(a0));
      if (!found.empty()) found.push_back('.');
      return of_text(found);
    }
    case k_extent:
      return b.extent(text(a0), whole(a1), whole(a2, 1));
    case k_rank:
      return b.rank(text(a0));
    case k_told:
      return b.told(text(a0), whole(a1), whole(a2));
    case k_optional:
      if (b.fresh() ? !a2.truth() : !b.has(text(a0))) return {};
      return of_tensor(b.weight(text(a0), shape(a1), static_cast<Fill>(whole(a3))));
    case k_weight:
      return of_tensor(b.weight(text(a0), shape(a1), static_cast<Fill>(whole(a2))));
    case k_ignore:
      if (b.has(text(a0))) b.raw_weight(text(a0));
      return {};
    case k_raw:
      b.raw_weight(text(a0));
      return {};

    case k_next:
      return of_tensor(b.next_output());
    case k_floats: {
      std::vector<float> values;
      if (a0.kind == Datum::kList) {
        for (const Datum& value : *a0.list) values.push_back(static_cast<float>(value.number));
      }
      return of_tensor(b.constant(make_constant(std::span<const float>(values), shape(a1))));
    }
    case k_activate:
      if (a1.kind != Datum::kActivation) break;
      return of_tensor(b.activate(tensor(a0), *a1.activation));
    case k_map:
      b.map(text(a0), tensor(a1), text(a2), a3.kind == Datum::kText ? *a3.text : "attention");
      return a1;
    case k_result:
      b.result(tensor(a0), a1.kind == Datum::kText ? *a1.text : "output");
      return a0;

    case k_parts:
      return static_cast<double>(b.layer().parts.size());
    case k_part:
      return of_tensor(b.part(b.layer().parts[static_cast<size_t>(whole(a0))], tensor(a1)));
    case k_layer:
      if (const Named* body = find(text(a0), true)) return call(*body, arguments_.size());
      break;

    case k_wrong:
    case k_invalid:
      b.fail(which == k_wrong ? Code::kWrongValue : Code::kInvalidArgument, text(a0));
      return {};
    case k_ok:
      return b.ok();

    case k_max:
      return std::max(number(a0), number(a1));
    case k_min:
      return std::min(number(a0), number(a1));
    case k_sqrt:
      return std::sqrt(number(a0));
    case k_len:
      if (a0.kind == Datum::kList) return static_cast<double>(a0.list->size());
      break;
  }
  mistake("not for these values");
  return {};
}

// --- Values ---

bool Datum::truth() const {
  switch (kind) {
    case kNothing:
      return false;
    case kNumber:
      return number != 0;
    case kText:
      return !text->empty();
    case kList:
      return !list->empty();
    default:
      return true;
  }
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
    case Datum::kList: {
      const std::vector<int64_t> values = integers_of(*datum.list);
      return b_->constant(make_constant(std::span<const int64_t>(values),
                                        Shape{static_cast<Extent>(values.size())}));
    }
    case Datum::kNothing:
      return kNoTensor;
    default:
      return b_->scalar(static_cast<float>(number(datum)));
  }
}

double Reader::number(const Datum& datum, double fallback) {
  if (datum.kind == Datum::kNumber) return datum.number;
  if (datum.kind != Datum::kNothing && live_) mistake("no number");
  return fallback;
}

Extent Reader::whole(const Datum& datum, Extent fallback) {
  constexpr double kMost = kMostElements;
  return static_cast<Extent>(std::max(-kMost, std::min(kMost, number(datum, fallback))));
}

Datum Reader::of_tensor(Value tensor) {
  Datum datum;
  if (tensor == kNoTensor) return datum;
  datum.kind = Datum::kTensor;
  datum.tensor = tensor;
  return datum;
}

const std::string& Reader::text(const Datum& datum) {
  static const std::string none;
  if (datum.kind == Datum::kText) return *datum.text;
  mistake("no text");
  return none;
}

Shape Reader::shape(const Datum& datum) {
  Shape shape;
  if (datum.kind != Datum::kList || datum.list->size() > kMaxRank) {
    mistake("no shape");
    return shape;
  }
  for (const Datum& extent : *datum.list) shape.push_back(whole(extent));
  return shape;
}

Datum Reader::of_text(std::string_view text) {
  Datum datum;
  datum.kind = Datum::kText;
  std::string& kept = keep().text;
  kept = text;
  datum.text = &kept;
  return datum;
}

Datum Reader::of_list(const std::vector<double>& numbers) {
  Datum datum;
  datum.kind = Datum::kList;
  List& kept = keep().list;
  for (double number : numbers) kept.push_back(number);
  datum.list = &kept;
  return datum;
}

}  // namespace heed::attention
