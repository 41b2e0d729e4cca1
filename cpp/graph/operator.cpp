#include "graph/operator.h"

namespace heed {

// Declares infer_<family> and lower_<family>; a family named by several operators is declared
// several times.
#define HEED_OPERATOR(name, domain, layout, fusion, version, least, most, family) \
  void infer_##family(Inference&);                                                \
  void lower_##family(Lowering&);
#include "graph/operators.def"
#undef HEED_OPERATOR

namespace {

constexpr Operator kOperators[] = {
#define HEED_OPERATOR(name, domain, layout, fusion, version, least, most, family) \
  {#name, domain, LayoutRule::layout,  Fusion::fusion, version,                   \
   least, most,   OperatorId::k##name, infer_##family, lower_##family},
#include "graph/operators.def"
#undef HEED_OPERATOR
};

}  // namespace

std::span<const Operator> all_operators() { return kOperators; }

const Operator* find_operator(std::string_view domain, std::string_view name) {
  if (domain == "ai.onnx") domain = "";
  for (const Operator& op : kOperators) {
    if (op.name == name && op.domain == domain) return &op;
  }
  return nullptr;
}

}  // namespace heed
