// What the page of operators says besides the list: limits, and what fused steps are.

/** Of all operators in a section of operators.def. */
export const kSections = {
  "Functions of one element":
    "Functions of real numbers take float32. Exponentials, hyperbolic tangents, error functions and what is made of them are polynomials within 4 units in the last place.",
  "Functions of two and more elements, with broadcasting":
    "All types that ONNX names, of those that heed has.",
  "Convolutions and products":
    "Of float32, unless the name says otherwise. Integer and quantised products are computed in float32.",
};

const kWindows = "1-D, 2-D and 3-D windows";

/** Of one operator. */
export const kNotes = {
  Conv: `${kWindows}; groups, dilation, strides, every kind of padding`,
  ConvTranspose: `${kWindows}; groups, dilation, strides, every kind of padding`,
  MaxPool: `${kWindows}; float32, int8 and uint8`,
  AveragePool: kWindows,
  LpPool: kWindows,
  BatchNormalization: "not with `spatial` = 0 (before operator set 9)",
  Dropout: "inference only: an error in training mode",
  Resize: "linear and cubic of float32, nearest of every type; every coordinate transformation",
  Upsample: "linear of float32, nearest of every type",
  GridSample: "float32; 2-D and 3-D",
  Range: "float32, int64 and int32",
  QuantizeLinear: "float32 to int8 and uint8, with scales of float32",
  DequantizeLinear: "int8, uint8 and int32, with scales of float32",
  Attention: "float32; masks of float32 and bool",
};

/** Steps that passes make. */
export const kFused = {
  Activate: "A function of one element that was exported as several operators",
  PooledGate:
    "Channel attention: pool, two small products or a convolution along the channels, gate, scale",
  ChannelPool: "The greatest and the mean over the channels, in one pass",
  ChannelSum: "A 1x1 convolution to one channel, in either layout",
  SecondOrderPool:
    "The channels' covariance and five Newton-Schulz steps towards its square root, in one step",
  BranchSum: "Softmax over branches, and their weighted sum in one pass",
  AdditiveScore: "Scores of additive attention, without a tensor of queries, keys and width",
  CrissCross: "Attention of every position to its column and its row, by row blocks",
  CachedAttention: "Causal attention whose keys and values stay with the session between runs",
  ScaledDotProduct:
    "Attention by row blocks: scores, mask, softmax and weighted sum, without a matrix of scores unless its map is asked for",
};
