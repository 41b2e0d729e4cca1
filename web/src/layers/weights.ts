// Weights by name, from a safetensors file or from tensors.

import { checkAborted, HeedError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { type ModelSource, openSource } from "../source.ts";
import type { DType, Tensor } from "../tensor.ts";
import type { LayerSession } from "./layer-session.ts";
import { defaultSession } from "./layer-session.ts";

/** Where a weight's bytes are, and what they mean: a safetensors file's entry. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** The safetensors names of element types. */
const kNames: Readonly<Record<DType, string>> = {
  float32: "F32",
  float16: "F16",
  int64: "I64",
  int32: "I32",
  uint8: "U8",
  int8: "I8",
  bool: "BOOL",
};

/** Weights by their names. `under` gives those of a part of a network. */
export class Weights {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #prefix: string;

  /** @internal */
  constructor(entries: ReadonlyMap<string, Entry>, prefix: string) {
    this.#entries = entries;
    this.#prefix = prefix;
  }

  /** Names, below the prefix. */
  get names(): string[] {
    return [...this.#own()].map(([name]) => name);
  }

  /**
   * The weights whose names begin with `prefix` and a dot, called by what follows: `under("layer1.eca")` has
   * "conv.weight" of "layer1.eca.conv.weight".
   * @throws HeedError `unknown-name` when there are none.
   */
  under(prefix: string): Weights {
    const inner = new Weights(this.#entries, `${this.#prefix}${prefix}.`);
    if (inner.names.length > 0) return inner;
    const message = `there are no weights under "${this.#prefix}${prefix}"`;
    throw new HeedError("unknown-name", message);
  }

  /** The shape of a weight; undefined when there is none of that name. */
  shape(name: string): readonly number[] | undefined {
    return this.#entries.get(this.#prefix + name)?.shape;
  }

  *#own(): Iterable<[string, Entry]> {
    for (const [name, entry] of this.#entries) {
      if (name.startsWith(this.#prefix)) yield [name.slice(this.#prefix.length), entry];
    }
  }

  /**
   * A safetensors file of these weights, in pieces: a header, then their bytes.
   * @internal
   */
  toPieces(): Uint8Array[] {
    const header: Record<
      string,
      { dtype: string; shape: readonly number[]; data_offsets: number[] }
    > = Object.create(null);
    // The widest elements first, so that all are aligned.
    const width = ({ bytes, shape }: Entry) => bytes.length / shape.reduce((a, b) => a * b, 1) || 0;
    const entries = [...this.#own()].sort(([, a], [, b]) => width(b) - width(a));
    let end = 0;
    for (const [name, { dtype, shape, bytes }] of entries) {
      header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
      end += bytes.length;
    }
    const text = JSON.stringify(header);
    const encoded = new TextEncoder().encode(text);
    const length = (encoded.length + 7) & ~7;
    const head = new Uint8Array(8 + length).fill(0x20, 8);
    new DataView(head.buffer).setUint32(0, length, true);
    head.set(encoded, 8);
    return [head, ...entries.map(([, { bytes }]) => bytes)];
  }
}

/** What layers take as weights. */
export type WeightSource = Weights | Readonly<Record<string, Tensor>>;

/** @internal */
export function weightsOf(source: WeightSource): Weights {
  if (source instanceof Weights) return source;
  if (typeof source !== "object" || source === null) {
    const message = "weights must come from loadSafetensors, or be tensors by name";
    throw new HeedError("invalid-argument", message);
  }
  const entries = Object.entries(source).map(([name, tensor]) => {
    const dtype = kNames[tensor?.dtype];
    if (dtype === undefined || !ArrayBuffer.isView(tensor.data)) {
      throw new HeedError("wrong-type", `the weight "${name}" must be a Tensor`);
    }
    const { buffer, byteOffset, byteLength } = tensor.data;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    return [name, { dtype, shape: tensor.shape, bytes }] as const;
  });
  return new Weights(new Map(entries), "");
}

async function readAll(source: ModelSource, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { chunks, total } = await openSource(source, signal);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    checkAborted(signal);
    parts.push(chunk);
    size += chunk.length;
  }
  if (parts.length === 1 && total === size) return parts[0]!;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Reads a safetensors file: an address, a path (Node.js), a response, a blob or bytes.
 * F32, F16, BF16, F64 and integers are taken; layers compute in float32.
 * @throws HeedError `invalid-weights` (no such file, truncated, offsets that overlap or do not fit),
 * `unsupported-type`, `fetch-failed`, `aborted`, `unsupported-platform`.
 */
export async function loadSafetensors(
  source: ModelSource,
  options: { signal?: AbortSignal; session?: LayerSession } = {},
): Promise<Weights> {
  checkOptions("loadSafetensors", options, { signal: "object", session: "object" });
  const [bytes, session] = await Promise.all([
    readAll(source, options.signal),
    options.session ?? defaultSession(),
  ]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? 0 : Number(view.getBigUint64(0, true));
  const head = bytes.subarray(0, Math.min(8 + length, bytes.length));
  session.checkSafetensors(head, bytes.length);
  // It is one, so that the header is JSON of the right form.
  const { __metadata__, ...header } = JSON.parse(new TextDecoder().decode(head.subarray(8)));
  const entries = Object.entries(header).map(([name, value]) => {
    const { dtype, shape, data_offsets } = value as {
      dtype: string;
      shape: number[];
      data_offsets: [number, number];
    };
    const [begin, end] = data_offsets;
    return [
      name,
      { dtype, shape, bytes: bytes.subarray(8 + length + begin, 8 + length + end) },
    ] as const;
  });
  return new Weights(new Map(entries), "");
}
