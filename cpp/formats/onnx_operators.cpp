// Which operators of a file heed lacks, and why.
#include <algorithm>

#include "formats/onnx_graph.h"
#include "graph/operator.h"

namespace heed::onnx {

namespace {

// More than ONNX has; only a file made to harm names more, and they are compared with each other.
constexpr size_t kMostOperators = 300;

// One operator that cannot run, and the nodes that have it.
struct Missing {
  std::string_view domain;
  std::string_view name;
  std::string_view reason;
  std::vector<std::string_view> nodes;
};

// Why a node cannot run; nothing when it can. Fused steps have a domain of their own, which files
// may not use: their inference relies on what the passes checked.
std::string_view obstacle(const FileContext& context, const NodeMessage& node, bool& missing) {
  missing = false;
  if (node.domain.empty() && node.op_type == "Constant") return {};
  const Operator* op = node.domain.empty() ? find_operator("", node.op_type) : nullptr;
  if (op && context.version >= op->first_version) return {};
  missing = true;
  if (op && context.version == 0) return "whose operator set the file does not import";
  if (op) return "in this version of the operator set";
  for (const FunctionMessage& function : context.functions) {
    if (function.name == node.op_type && function.domain == node.domain)
      return "a function of the file: inline it with onnx.inliner.inline_local_functions";
  }
  return {};
}

Status collect(const FileContext& context, const GraphMessage& graph, int nesting,
               std::vector<Missing>& list) {
  for (const NodeMessage& node : graph.nodes) {
    bool missing = false;
    const std::string_view reason = obstacle(context, node, missing);
    if (missing) {
      auto entry = std::find_if(list.begin(), list.end(), [&](const Missing& other) {
        return other.name == node.op_type && other.domain == node.domain;
      });
      if (entry == list.end()) {
        if (list.size() == kMostOperators) continue;
        entry = list.insert(list.end(), {node.domain, node.op_type, reason, {}});
      }
      entry->nodes.push_back(node.title());
    } else if (node.op_type == "If" && nesting + 1 < kMaxNesting) {
      for (std::string_view bytes : node.attributes) {
        AttributeMessage attribute;
        HEED_TRY(read_attribute(context.trail, bytes, attribute));
        if (attribute.type != kAttributeGraph) continue;
        GraphMessage branch;
        HEED_TRY(read_graph(context.trail, attribute.graph, branch));
        HEED_TRY(collect(context, branch, nesting + 1, list));
      }
    }
  }
  return {};
}

}  // namespace

Status check_operators(const FileContext& context, const GraphMessage& graph) {
  std::vector<Missing> list;
  HEED_TRY(collect(context, graph, 0, list));
  if (list.empty()) return {};

  std::string message = "heed does not have ";
  for (size_t i = 0; i < list.size(); ++i) {
    const Missing& missing = list[i];
    if (i > 0) message += ", ";
    if (!missing.domain.empty()) message += join(missing.domain, ".");
    message += join(missing.name, missing.nodes.size() == 1 ? " (node " : " (nodes ");
    constexpr size_t kMostNamed = 5;
    for (size_t n = 0; n < std::min(kMostNamed, missing.nodes.size()); ++n) {
      message += join(n > 0 ? ", '" : "'", missing.nodes[n], "'");
    }
    if (missing.nodes.size() > kMostNamed) {
      message += join(" and ", static_cast<uint64_t>(missing.nodes.size() - kMostNamed), " more");
    }
    if (!missing.reason.empty()) message += join("; ", missing.reason);
    message += ")";
  }
  return error(Code::kUnsupportedOperator, message);
}

}  // namespace heed::onnx
