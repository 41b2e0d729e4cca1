// Multi-head attention: per head, map = softmax(q k^T * scale + mask), y = map v.
//   tokens (batch, length, heads * width); map (batch, heads, length of queries, length of keys),
//   rows sum to 1.
// Vaswani et al., "Attention Is All You Need", NeurIPS 2017;
// torch.nn.functional.scaled_dot_product_attention.
//
// Forms of the operands: packed (batch, length, 3 * heads * width) in the order q, k, v, heads
// outermost within each (timm's and SVTR's `qkv`); three token matrices (batch, length, heads *
// width); or heads already apart, (batch, heads, length, width).
#pragma once

#include <optional>

#include "graph/editor.h"

namespace heed::attention {

enum class HeadForm : uint8_t { kHeads, kTokens, kPacked };

struct MultiHeadAttention {
  HeadForm form = HeadForm::kHeads;
  TensorId query = kNoTensor;  // the packed tensor in that form; key and value are then left out
  TensorId key = kNoTensor;
  TensorId value = kNoTensor;
  TensorId mask =
      kNoTensor;     // added to the scaled scores; broadcasts to the map's shape; may be left out
  Extent heads = 0;  // 0: as many as the tensors have (kHeads)
  float scale = 1;
};

// Makes `last` (whose first output becomes y, in the queries' form) the fused step, and returns the
// block's record.
Block build_multi_head_attention(Editor& editor, Node& last, const MultiHeadAttention& attention);

std::optional<Block> match_multi_head_attention(Editor& editor, Node& last);

}  // namespace heed::attention
