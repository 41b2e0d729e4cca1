// The passes of `optimize`, in the order in which it runs them.
#pragma once

#include "graph/editor.h"

namespace heed {

// Replaces nodes whose inputs are all constants by their values, unless those are large.
Status fold_constants(Graph& graph);

// Removes what gives its input unchanged: Identity, Dropout, products with 1, sums with 0; and
// nodes that nobody reads.
void remove_no_ops(Graph& graph);

// Moves a batch norm, or a product, sum, difference or quotient with constants per channel, into
// the weights and bias of the convolution or matrix product that alone feeds it. float32, as the
// reference does it when it exports for inference.
void fold_affine(Graph& graph);

// Turns an activation that was exported as its formula into one `Activate` node: HardSwish,
// HardSigmoid, SiLU, GELU, Mish.
void recognize_activations(Graph& graph);

// Turns a layer norm that was exported as its formula (mean, difference, square, mean, root,
// quotient, gain, bias; over the last axis) into one LayerNormalization.
void recognize_layer_norms(Graph& graph);

}  // namespace heed
