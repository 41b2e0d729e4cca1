#include <vector>

#include "attention/mechanism.h"
#include "attention/multi_head_attention.h"
#include "attention/squeeze_excite.h"

namespace heed::attention {

namespace {

constexpr Mechanism kCatalogue[] = {
    {"squeeze-excite", "se", match_squeeze_excite},
    {"multi-head-attention", "mha", match_multi_head_attention},
};

}  // namespace

std::span<const Mechanism> catalogue() { return kCatalogue; }

void recognize(Graph& graph) {
  Editor editor(graph);
  int found[std::size(kCatalogue)] = {};
  for (size_t i = 0; i < editor.node_count(); ++i) {
    for (size_t m = 0; m < std::size(kCatalogue) && editor.alive(i); ++m) {
      std::optional<Block> block = kCatalogue[m].match(editor, editor.node(i));
      if (!block) continue;
      block->id = join(kCatalogue[m].short_name, ".", found[m]++);
      block->mechanism = kCatalogue[m].name;
      graph.blocks.push_back(std::move(*block));
    }
  }
}

TensorId add_map(Editor& editor, Node& step) {
  const TensorId map = editor.add_tensor(step.name + ".attention");
  step.outputs.resize(1);
  step.outputs.push_back(map);
  return map;
}

}  // namespace heed::attention
