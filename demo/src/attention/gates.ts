import type { Tensor } from "heed";
import type { Model } from "../pipeline/networks";

/** An attention block of a model, as the package lists it. */
export type Block = Model["attention"][number];

/** A channel gate and, where the model gives it, the feature map that it scales. */
export interface Gate {
  /** One value a channel. */
  values: Float32Array;
  /** float32 [channels, height, width], flat. */
  features?: { data: Float32Array; width: number; height: number };
}

export const channelBlocks = (model: Model): Block[] =>
  model.attention.filter(({ kind }) => kind === "channel");

/** Runs a model on one input for the gates of all its channel blocks, and one block's features. */
export async function readGates(model: Model, x: Tensor, block: Block): Promise<Map<string, Gate>> {
  const ids = channelBlocks(model).map(({ id }) => id);
  const isThere = model.info.tensors.includes(block.input);
  const name = model.inputs[0]?.name ?? "x";
  const result = await model.run(
    { [name]: x },
    { attention: ids, outputs: isThere ? [block.input] : [] },
  );
  const gates = new Map<string, Gate>();
  for (const id of ids) {
    const map = result.attention.get(id);
    if (map) gates.set(id, { values: map.data as Float32Array });
  }
  const gate = gates.get(block.id);
  const features = result.outputs[block.input];
  if (gate && features) {
    const [, , height = 1, width = 1] = features.shape;
    gate.features = { data: features.data as Float32Array, width, height };
  }
  return gates;
}

/** Channel indices from the most open gate to the most closed one. */
export const rank = (values: Float32Array): number[] =>
  Array.from(values, (_, i) => i).sort((a, b) => (values[b] as number) - (values[a] as number));

/** How strongly a channel answers at each place: its feature map's magnitude, height x width. */
export function channelMap({ features }: Required<Gate>, channel: number): Float32Array {
  const size = features.width * features.height;
  return features.data.subarray(channel * size, (channel + 1) * size).map(Math.abs);
}

/**
 * Where the channels that the gate favours are active: the mean over channels of the feature
 * map's magnitude, each weighted by how far its gate stands above the mean gate.
 */
export function favouredMap(gate: Required<Gate>): Float32Array {
  const { values, features } = gate;
  const size = features.width * features.height;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const out = new Float32Array(size);
  let total = 0;
  for (const [channel, value] of values.entries()) {
    const weight = Math.max(value - mean, 0);
    if (weight === 0) continue;
    total += weight;
    const from = channel * size;
    for (let i = 0; i < size; i++) {
      out[i] = (out[i] as number) + weight * Math.abs(features.data[from + i] as number);
    }
  }
  return total > 0 ? out.map((value) => value / total) : out;
}
