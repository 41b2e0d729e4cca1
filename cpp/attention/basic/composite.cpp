#include "attention/basic/composite.h"

#include "attention/builder.h"
#include "attention/layer.h"

namespace heed::attention {

namespace {

// The parts, one after the other.
Value in_sequence(Builder& b, Value x) {
  for (const Layer& part : b.layer().parts) x = b.part(part, {x})[0];
  return x;
}

void expect_parts(Builder& b, size_t least, size_t most) {
  const size_t count = b.layer().parts.size();
  if (count < least || count > most) {
    b.fail(Code::kInvalidArgument, "it has ", count, " parts, expected ", least,
           most > least ? " or more" : "");
  }
}

}  // namespace

void build_sequential(Builder& b) { b.result(in_sequence(b, b.argument("x", "*"))); }

void build_residual(Builder& b) {
  expect_parts(b, 1, 2);
  const std::vector<Layer>& parts = b.layer().parts;
  const Value x = b.argument("x", "*");
  if (!b.ok()) return;
  const Value body = b.part(parts[0], {x})[0];
  const Value shortcut = parts.size() > 1 ? b.part(parts[1], {x})[0] : x;
  b.result(b.activate(b.add(body, shortcut), b.activation("activation", "none")));
}

void build_hybrid_attention(Builder& b) {
  expect_parts(b, 1, SIZE_MAX);
  enum { kSequence, kSum, kProduct, kMax, kConcat };
  const int combine = b.choice("combine", "sequence|sum|product|max|concat");
  const Value x = b.argument("x", "*");
  Value y = x;
  if (combine == kSequence) {
    y = in_sequence(b, x);
  } else {
    std::vector<Value> results;
    for (const Layer& part : b.layer().parts) results.push_back(b.part(part, {x})[0]);
    if (combine == kProduct) {
      y = results.empty() ? x : results[0];
      for (size_t i = 1; i < results.size(); ++i) y = b.mul(y, results[i]);
    } else {
      if (combine == kConcat) b.set("axis", 1);
      y = b.node(combine == kSum ? "Sum" : combine == kMax ? "Max" : "Concat", std::move(results));
    }
  }
  b.result(b.flag("residual") ? b.add(y, x) : y);
}

}  // namespace heed::attention
