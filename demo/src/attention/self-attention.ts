import type { Tensor } from "heed";
import type { Model } from "../pipeline/networks";
import type { Block } from "./gates";

/** The weights of one self-attention block: float32 [heads, steps, steps], rows sum to 1. */
export interface SelfAttention {
  data: Float32Array;
  heads: number;
  steps: number;
}

/** Blocks whose map compares every position with every other one. */
export const selfAttentionBlocks = (model: Model): Block[] =>
  model.attention.filter(({ kind }) => kind === "self");

/**
 * Runs the recogniser on a line for the weights of all its self-attention blocks, by block id. No
 * output is asked for, so that what follows the last map, down to the softmax over the whole
 * dictionary, is not computed.
 */
export async function readSelfAttention(
  model: Model,
  x: Tensor,
): Promise<Map<string, SelfAttention>> {
  const ids = selfAttentionBlocks(model).map(({ id }) => id);
  const name = model.inputs[0]?.name ?? "x";
  const { attention } = await model.run({ [name]: x }, { attention: ids, outputs: [] });
  const found = new Map<string, SelfAttention>();
  for (const id of ids) {
    const map = attention.get(id);
    const [heads = 1, steps = 1] = map?.shape.slice(-3) ?? [];
    if (map) found.set(id, { data: map.data as Float32Array, heads, steps });
  }
  return found;
}

/** A head's steps x steps matrix; without a head, the mean over all. */
export function headMatrix({ data, heads, steps }: SelfAttention, head?: number): Float32Array {
  const size = steps * steps;
  if (head !== undefined) return data.subarray(head * size, (head + 1) * size);
  return Float32Array.from({ length: size }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < heads; k++) sum += data[k * size + i] as number;
    return sum / heads;
  });
}
