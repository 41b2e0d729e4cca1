// The networks of tests/fixtures/attention/networks.py as descriptions for `Network.create`: what the tests prove is what the
// benchmark measures.

import {
  Activation,
  type ActivationName,
  AdditiveAttention,
  BatchNorm,
  CBAM,
  Conv1d,
  Conv2d,
  ECA,
  Flatten,
  GlobalAveragePool,
  GRU,
  LayerNorm,
  Linear,
  MaxPool,
  MultiHeadAttention,
  type NetworkBuilder,
  type NetworkValue,
  Reshape,
  Residual,
  Sequential,
  Transpose,
} from "heed/layers";

/** Conv1d, ECA, ReLU twice; the mean over the length; Linear. */
function signal(g: NetworkBuilder): NetworkValue {
  const relu = Activation.of();
  let x = g.input("x", ["batch", 3, "length"]);
  x = g.apply(Conv1d.of({ at: "conv1", padding: 2 }), x);
  x = g.apply(relu, g.apply(ECA.of({ at: "eca1" }), x));
  x = g.apply(Conv1d.of({ at: "conv2", padding: 1, stride: 2 }), x);
  x = g.apply(relu, g.apply(ECA.of({ at: "eca2" }), x));
  return g.apply(Linear.of({ at: "fc" }), g.apply(GlobalAveragePool.of(), x));
}

/** torchvision's basic block with CBAM after the last norm, before the addition. */
function basicBlock(at: string, stride: number) {
  const body = Sequential.of({
    parts: {
      conv1: Conv2d.of({ stride, padding: 1 }),
      bn1: BatchNorm.of(),
      relu: Activation.of(),
      conv2: Conv2d.of({ padding: 1 }),
      bn2: BatchNorm.of(),
      cbam: CBAM.of(),
    },
  });
  const downsample = Sequential.of({ parts: [Conv2d.of({ stride }), BatchNorm.of()] });
  const parts = { "": body, ...(stride > 1 && { downsample }) };
  return Residual.of({ at, parts, activation: "relu" });
}

/** A ResNet-18 with CBAM in every block. */
function resnet(g: NetworkBuilder): NetworkValue {
  let x = g.input("x", ["batch", 3, "height", "width"]);
  x = g.apply(Conv2d.of({ at: "conv1", stride: 2, padding: 3 }), x);
  x = g.apply(Activation.of(), g.apply(BatchNorm.of({ at: "bn1" }), x));
  x = g.apply(MaxPool.of({ kernelSize: 3, stride: 2, padding: 1 }), x);
  for (const stage of [1, 2, 3, 4]) {
    x = g.apply(basicBlock(`layer${stage}.0`, stage > 1 ? 2 : 1), x);
    x = g.apply(basicBlock(`layer${stage}.1`, 1), x);
  }
  return g.apply(Linear.of({ at: "fc" }), g.apply(GlobalAveragePool.of(), x));
}

/** A bidirectional GRU; its last states ask, its outputs answer; Linear. */
function recurrent(g: NetworkBuilder): NetworkValue {
  const memory = g.apply(GRU.of({ at: "gru" }), g.input("x", ["batch", "length", "channels"]));
  // The last states of both directions: (2, batch, hidden) to (batch, 1, 2 * hidden).
  const last = g.apply(Transpose.of({ order: [1, 0, 2] }), memory.result(1));
  const query = g.apply(Reshape.of({ shape: [0, 1, -1] }), last);
  const context = g.apply(AdditiveAttention.of({ at: "attention" }), { query, memory });
  return g.apply(Linear.of({ at: "fc" }), g.apply(Flatten.of(), context));
}

/** x + attn(norm1(x)), then x + mlp(norm2(x)). */
export function transformerBlock(
  g: NetworkBuilder,
  at: string,
  heads: object,
  activation: ActivationName,
  x: NetworkValue,
): NetworkValue {
  const attention = Sequential.of({
    parts: { norm1: LayerNorm.of(), attn: MultiHeadAttention.of(heads) },
  });
  const mlp = Sequential.of({
    parts: {
      norm2: LayerNorm.of(),
      "mlp.fc1": Linear.of(),
      "mlp.act": Activation.of({ function: activation }),
      "mlp.fc2": Linear.of(),
    },
  });
  const y = g.apply(Residual.of({ at, parts: { "": attention } }), x);
  return g.apply(Residual.of({ at, parts: { "": mlp } }), y);
}

/** A transformer encoder of two layers with rotary embedding, and a last norm. */
const encoder = (heads: object) => (g: NetworkBuilder) => {
  let x = g.input("x", ["batch", "length", "channels"]);
  x = transformerBlock(g, "blocks.0", heads, "gelu", x);
  x = transformerBlock(g, "blocks.1", heads, "gelu", x);
  return g.apply(LayerNorm.of({ at: "norm" }), x);
};

/** What describes a network of one call, by its dialect in the fixtures; `options` are the fixture's. */
export const kNetworks: Record<string, (options: object) => (g: NetworkBuilder) => NetworkValue> = {
  signal_eca: () => signal,
  resnet18_cbam: () => resnet,
  gru_bahdanau: () => recurrent,
  rotary_encoder: encoder,
};
