#pragma once

namespace heed::attention {

class Builder;

// Activation: a function of each element.
//
// - Formula: y = f(x)
// - Input x: any shape
// - Output output: as x
// - Option function: Activation = "relu".
// - Option negativeSlope: number = 0.01. Of "leaky_relu".
// - Source: torch.nn.ReLU and its like
// - Example: { function: "silu" } of x [2, 6]
void build_activation(Builder& b);

// Softmax: exponentials that sum to 1 along an axis, as torch.nn.Softmax.
//
// - Formula: y = exp(x) / sum(exp(x))
// - Input x: any shape
// - Output output: as x
// - Option axis: number = -1.
// - Source: torch.nn.Softmax
// - Example: {} of x [2, 6]
void build_softmax(Builder& b);

// Flatten: all axes but the first become one, as with torch.nn.Flatten().
//
// - Formula: y = x seen as (the axes in front, the rest)
// - Input x: (batch, ...)
// - Output output: (batch, count)
// - Source: torch.nn.Flatten
// - Example: {} of x [2, 6, 3, 3]
void build_flatten(Builder& b);

// Transpose: axes in another order.
//
// - Formula: y's axis i is x's axis order[i]
// - Input x: any shape
// - Output output: the same elements
// - Option order: number[]. An axis of x for each axis.
// - Source: torch.permute
// - Example: { order: [0, 2, 1] } of x [2, 6, 3]
void build_transpose(Builder& b);

// Reshape: the same elements under another shape.
//
// - Formula: y has the shape; 0 keeps an axis as it is, -1 takes the rest
// - Input x: any shape
// - Output output: the same elements
// - Option shape: number[].
// - Source: torch.reshape
// - Example: { shape: [0, -1, 3] } of x [2, 6, 3, 3]
void build_reshape(Builder& b);

// Slice: a stretch of an axis.
//
// - Formula: y = x[..., begin:end, ...]
// - Input x: any shape
// - Output output: as x, the axis shorter
// - Option axis: number = 1.
// - Option begin: number = 0. Negative ones count from the end.
// - Option end: number. To the end unless told.
// - Source: torch.narrow
// - Example: { axis: 1, begin: 2, end: 5 } of x [2, 6]
void build_slice(Builder& b);

// Sum: of two or more tensors, which broadcast.
//
// - Formula: y = x0 + x1 + ...
// - Input x0: any shape
// - Input x1: a shape that broadcasts
// - Output output: the shape of all together
// - Source: torch.add
// - Example: {} of x0 [2, 6], x1 [2, 6]
void build_sum(Builder& b);

// Product: of two or more tensors, which broadcast.
//
// - Formula: y = x0 * x1 * ...
// - Input x0: any shape
// - Input x1: a shape that broadcasts
// - Output output: the shape of all together
// - Source: torch.mul
// - Example: {} of x0 [2, 6], x1 [2, 6]
void build_product(Builder& b);

// Concat: two or more tensors, one behind the other along an axis, as torch.cat.
//
// - Formula: y = [x0, x1, ...]
// - Input x0: any shape
// - Input x1: the same but for the axis
// - Output output: the axis as long as all together
// - Option axis: number = 1.
// - Source: torch.cat
// - Example: {} of x0 [2, 6], x1 [2, 3]
void build_concat(Builder& b);

}  // namespace heed::attention
