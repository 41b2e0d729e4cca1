// What all layers have: a description, weights in a session, and sessions of the engine that run it.

import { HeedError, quoted } from "../errors.ts";
import { checkNames, checkOptions } from "../options.ts";
import { type DType, Tensor, type TypedArray } from "../tensor.ts";
import { Words } from "./encode.ts";
import { defaultSession, LayerSession } from "./layer-session.ts";
import { Program } from "./program.ts";
import { type WeightSource, type Weights, weightsOf } from "./weights.ts";

/** Functions of an element, by PyTorch's names; "keras" and "mmcv" are hard sigmoids of other slopes. */
export type Activation =
  | "none"
  | "relu"
  | "relu6"
  | "leaky_relu"
  | "sigmoid"
  | "hard_sigmoid"
  | "keras"
  | "mmcv"
  | "hard_swish"
  | "silu"
  | "tanh"
  | "gelu"
  | "gelu_tanh"
  | "elu"
  | "softplus"
  | "mish";

/** What every layer can be made with, beside the options of its kind. */
export interface CreateOptions {
  /** From `loadSafetensors`, perhaps `under` a prefix, or tensors by name. Without them the layer is new. */
  weights?: WeightSource;
  /** Where it lives; layers share one session unless told. */
  session?: LayerSession;
  /** Of the random weights of a new layer and its parts: a whole number; 0 unless told. */
  seed?: number;
}

/** A layer as a part of others: a description, which costs nothing. `ECA.of()` makes one. */
export interface Part {
  readonly kind: string;
  /** Where its weights are: what their names have in front, without the dot. */
  readonly at: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly parts: readonly Part[];
  /** The layer that it was, whose weights it shares. */
  readonly layer?: Layer;
}

/** Parts in their order: at "0", "1", ... as in torch.nn.Sequential, or at the keys of a record. */
export type Parts = readonly (Part | Layer)[] | Readonly<Record<string, Part | Layer>>;

export interface ForwardOptions {
  /** Whether the maps are wanted: true for all, or their names. */
  attention?: boolean | readonly string[];
  /** Names of the results that are wanted; all unless told. */
  outputs?: readonly string[];
  /** Arrays that results, by name, are written to; they become the result's data. */
  into?: Readonly<Record<string, TypedArray>>;
}

/** What `forward` gives. Everything belongs to the caller. */
export interface ForwardResult {
  /** The first result. */
  readonly output: Tensor;
  /** All results, by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The map of a layer that has one, or one before others. */
  readonly attention: Tensor | undefined;
  /** All maps that were asked for, by name. */
  readonly maps: ReadonlyMap<string, Tensor>;
}

/** A layer's class: its kind and, for the compiler alone, its options. */
export interface LayerClass<L, O> {
  readonly kind: string;
  readonly options?: O;
  new (...state: never): L;
}

type Construct<L> = new (...state: ConstructorParameters<typeof Layer>) => L;

const kCreateOptions = ["weights", "session", "parts", "at"];

/** The options of the kind, without those of `create` and `of`. */
const ownOptions = (options: object) =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !kCreateOptions.includes(name)));

function checkObject(where: string, options: unknown): void {
  if (typeof options === "object" && options !== null) return;
  throw new HeedError("invalid-argument", `${where}: the options must be an object`);
}

function partAt(given: Part | Layer, at: string): Part {
  if (given instanceof Layer) return { ...given.description, at, layer: given };
  if (typeof given?.kind !== "string") {
    throw new HeedError("invalid-argument", "parts are layers, or made by `of`: ECA.of()");
  }
  return given.at === "" ? { ...given, at } : given;
}

export function partsOf(parts: Parts | undefined): Part[] {
  if (parts === undefined) return [];
  const entries = Array.isArray(parts) ? [...parts.entries()] : Object.entries(parts);
  return entries.map(([place, part]) => partAt(part, String(place)));
}

/** @internal The layers among the parts, with what the names of their weights have in front. */
export function layersAmong(part: Part, prefix = ""): { handle: number; prefix: string }[] {
  const place = part.at === "" ? prefix : `${prefix}${part.at}.`;
  const own = part.layer ? [{ handle: part.layer.weightsHandle, prefix: place }] : [];
  return [...own, ...part.parts.flatMap((inner) => layersAmong(inner, place))];
}

/** A layer that is ready to run. `create` makes it. */
export abstract class Layer {
  /** @internal */
  readonly description: Part;
  readonly #session: LayerSession;
  #weights: number;
  /** By which inputs are given: an optional one changes what is to be run. */
  readonly #programs = new Map<string, Program>();
  #disposed = false;

  /** @internal */
  constructor(description: Part, session: LayerSession, weights: number) {
    this.description = description;
    this.#session = session;
    this.#weights = weights;
    this.#program([]);
  }

  /**
   * Makes a layer: from weights, or a new one from options.
   * @throws HeedError `invalid-weights` (all that are missing, left over or of a wrong shape),
   * `unknown-option`, `wrong-value`, `invalid-argument`, `out-of-memory`, `unsupported-platform`.
   */
  static async create<L extends Layer, O>(
    this: LayerClass<L, O>,
    options: O & CreateOptions = {} as O & CreateOptions,
  ): Promise<L> {
    checkObject(`${this.kind}.create`, options);
    const { weights, session, parts } = options as CreateOptions & { parts?: Parts };
    const place = session ?? (await defaultSession());
    if (!(place instanceof LayerSession)) {
      throw new HeedError("invalid-argument", "the option `session` must be a LayerSession");
    }
    const description = {
      ...{ kind: this.kind, at: "", options: ownOptions(options), parts: partsOf(parts) },
    };
    const handle = keepWeights(place, weights, description);
    try {
      return new (this as unknown as Construct<L>)(description, place, handle);
    } catch (error) {
      if (handle !== 0) place.engine.release(handle);
      throw error;
    }
  }

  /** This kind of layer as a part of others. `at`: where its weights are, by default its place among the parts. */
  static of<L extends Layer, O>(
    this: LayerClass<L, O>,
    options: O & { at?: string } = {} as O & { at?: string },
  ): Part {
    checkObject(`${this.kind}.of`, options);
    const { at = "", parts } = options as { at?: string; parts?: Parts };
    return { kind: this.kind, at, options: ownOptions(options), parts: partsOf(parts) };
  }

  /**
   * Runs the layer, on one tensor or on tensors by name.
   * @throws HeedError `missing-input`, `unknown-name`, `wrong-type`, `wrong-shape`, `out-of-memory`, `disposed`.
   */
  forward(
    input: Tensor | Readonly<Record<string, Tensor>>,
    options: ForwardOptions = {},
  ): ForwardResult {
    if (this.#disposed) throw new HeedError("disposed", "the layer was disposed of");
    checkOptions("forward", options, { attention: "any", outputs: "object", into: "object" });
    const kind = this.description.kind;
    if (input instanceof Tensor) {
      const first = this.#program([]).inputs[0]?.name ?? "x";
      return this.#run(kind, { [first]: input }, options);
    }
    if (typeof input !== "object" || input === null) {
      throw new HeedError(
        "invalid-argument",
        `${kind}: the input must be a Tensor, or tensors by name`,
      );
    }
    return this.#run(kind, input, options);
  }

  #run(kind: string, inputs: Readonly<Record<string, Tensor>>, options: ForwardOptions) {
    const given = Object.entries(inputs).filter(([, tensor]) => tensor !== undefined);
    for (const [name, tensor] of given) {
      if (typeof tensor?.dtype === "string" && ArrayBuffer.isView(tensor.data)) continue;
      throw new HeedError("wrong-type", `${kind}: the input "${name}" must be a Tensor`);
    }
    return this.#program(given.map(([name, { dtype }]) => [name, dtype])).run(inputs, options);
  }

  /** Tokens that attention keeps from earlier calls, where the layer was made with a cache. */
  get cacheLength(): number {
    return this.#program([]).cacheLength;
  }

  /**
   * Forgets what the cache keeps from token `length` on.
   * @throws HeedError `wrong-value` when it does not keep so many.
   */
  truncate(length: number): void {
    this.#program([]).truncate(length);
  }

  /** Empties the cache. */
  reset(): void {
    this.truncate(0);
  }

  /** Gives the memory back. A second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const program of this.#programs.values()) program.dispose();
    this.#programs.clear();
    if (this.#weights !== 0) this.#session.engine.release(this.#weights);
    this.#weights = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** @internal */
  get weightsHandle(): number {
    return this.#weights;
  }

  #program(given: readonly (readonly [string, DType])[]): Program {
    if (this.#disposed) throw new HeedError("disposed", "the layer was disposed of");
    const key = given
      .map(([name, dtype]) => `${name}:${dtype}`)
      .sort()
      .join();
    let program = this.#programs.get(key) ?? this.#sameInputs(given);
    if (!program) {
      const words = new Words().word(0);
      words.list(given, ([name, dtype]) => words.text(name).dtype(dtype)).layer(this.description);
      program = Program.create(this.#session, words.take(), this.#weights);
    }
    this.#programs.set(key, program);
    return program;
  }

  /** The program without optional inputs, when that takes just these. */
  #sameInputs(given: readonly (readonly [string, DType])[]): Program | undefined {
    const plain = this.#programs.get("");
    if (!plain) return undefined;
    const { inputs } = plain;
    const same =
      inputs.length === given.length &&
      inputs.every(({ name, dtype }) => given.some(([n, d]) => n === name && d === dtype));
    return same ? plain : undefined;
  }
}

/** @internal Copies weights into the session; a handle to them, or 0 for a new layer. */
export function keepWeights(
  session: LayerSession,
  source: WeightSource | undefined,
  description: Part,
): number {
  const adopted = layersAmong(description);
  if (source === undefined && adopted.length === 0) return 0;
  if (adopted.some(({ handle }) => handle === 0)) {
    const message =
      "a layer among the parts is a new one or disposed of: only weights that were loaded are shared";
    throw new HeedError("invalid-argument", message);
  }
  const weights: Weights | undefined = source === undefined ? undefined : weightsOf(source);
  return session.keepWeights(weights?.toPieces() ?? [], adopted);
}

/** @internal */
export function checkWanted(
  what: string,
  wanted: readonly string[],
  known: readonly string[],
): void {
  checkNames("forward", what, wanted);
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const message = `there is no ${what === "attention" ? "map" : "result"} ${quoted(unknown)}; there are ${quoted(known)}`;
  throw new HeedError("unknown-name", message);
}
