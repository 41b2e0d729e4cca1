// Scaled dot-product attention of many heads, on operands that lie anywhere.
#pragma once

#include "base/shape.h"

namespace heed::kernels {

// Floats (of masks: elements) from one batch, head, row (query or key) and element to the next.
struct AttentionSteps {
  Extent batch = 0, head = 0, row = 0, element = 0;
};

enum class MaskKind : uint8_t {
  kNone,
  kAdd,    // float: added to the scores
  kAllow,  // bool: where it is false, the key is not seen
  kBlock,  // bool: where it is true, the key is not seen
};
struct Mask {
  MaskKind kind = MaskKind::kNone;
  AttentionSteps steps;  // 0 broadcasts; `element` runs over keys
  // Of kAdd, where keys are positions of a grid with so many columns: the mask has a value for each
  // row of the grid, then one for each column, and a key gets their sum. 0: a value for each key.
  Extent columns = 0;
  Extent batches = 1;  // batch b has mask b % batches (windows of one image come as batches)
};

// What `Attention::scores` gets.
enum class ScoresStage : uint8_t {
  kProduct,  // q k^T * scale
  kCapped,   // after the soft cap
  kMasked,   // after the mask too; -inf where causality hides a key
  kSoftmax,  // the attention map: rows sum to 1
};

// For every batch b and head h, with g = h / (heads / kv_heads):
//   S[i, j] = cap(q[b, h, i] . k[b, g, j] * scale) + masks[b, h, i, j],   cap(s) = soft_cap *
//   tanh(s / soft_cap) where it is set P = softmax(S) over the keys that query i sees,   y[b, h, i]
//   = sum_j P[i, j] v[b, g, j]
struct Attention {
  Extent batch = 0;
  Extent heads = 0, kv_heads = 0;  // heads is a multiple of kv_heads
  Extent queries = 0, keys = 0;
  Extent width = 0, value_width = 0;  // elements of a query and key, and of a value
  float scale = 1;
  float soft_cap = 0;            // 0: none
  bool causal = false;           // query i sees keys 0 .. i + causal_offset
  Extent causal_offset = 0;      // negative where there are more queries than keys
  bool zero_empty_rows = false;  // what a query that sees nothing gets: zeros, or NaN
  AttentionSteps q, k, v, y;
  Mask masks[2];         // one for pairs of query and key, say, and one for keys alone
  Extent mask_keys = 0;  // keys from there on are not seen; 0: all have a mask
  Extent free_keys = 0;  // the last ones, which masks do not cover: seen
  ScoresStage scores_stage = ScoresStage::kSoftmax;
  AttentionSteps scores;
  bool hide_self = false;  // query i does not see key i
  // Attention over two sets of keys, one after the other: the first call writes the logarithm of
  // each query's sum of exponentials, the second (`join`) makes y the result over both sets, and
  // leaves the second's share in the sum, 0..1.
  bool join = false;
  AttentionSteps sums;  // of (batch, head, row)
};

// Floats of scratch that it needs: the keys and values of one head in panels, and the scores of a
// block of queries against a block of keys (about 16384, or against all keys, 12 * keys, where
// scores are asked for). It does not grow with queries * keys. It is enough for fewer keys too.
int64_t attention_scratch(const Attention& attention);

// `masks` are two, float or uint8_t as their kinds say, and may be null where there are none;
// `scores` may be null, and `sums` unless `join`. y and scores overlap nothing. Sums over elements
// and keys run in the order of gemm; softmax subtracts the row's maximum. What depends on the run
// (keys, causal_offset) may be set in a copy of the shape, as long as there are no more keys than
// the scratch was made for.
void attention(const Attention& shape, const float* q, const float* k, const float* v,
               const void* const* masks, float* y, float* scores, float* scratch,
               float* sums = nullptr);

}  // namespace heed::kernels
