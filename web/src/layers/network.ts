// Networks of layers, with any connections: one graph, one session.

import type { AttentionBlock, Dimension, MemoryUse, TensorInfo } from "../engine/session.ts";
import { HeedError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { type DType, kDTypes, Tensor } from "../tensor.ts";
import { Words } from "./encode.ts";
import { type ForwardOptions, type ForwardResult, keepWeights, Layer, type Part } from "./layer.ts";
import { defaultSession, type LayerSession } from "./layer-session.ts";
import { Program } from "./program.ts";
import type { WeightSource } from "./weights.ts";

/** A tensor of a network that is being built. */
export class NetworkValue {
  /** @internal */
  readonly step: number;
  /** @internal */
  readonly index: number;
  /** @internal */
  readonly owner: NetworkBuilder;

  /** @internal */
  constructor(owner: NetworkBuilder, step: number, index: number) {
    this.owner = owner;
    this.step = step;
    this.index = index;
  }

  /** A further result of the same layer: the last states of a GRU are its result 1. */
  result(index: number): NetworkValue {
    return new NetworkValue(this.owner, this.step, index);
  }
}

/** What a layer is applied to: one value, several in their order, or by name. */
export type Arguments =
  | NetworkValue
  | readonly NetworkValue[]
  | Readonly<Record<string, NetworkValue>>;

interface Step {
  part: Part;
  arguments: [string, NetworkValue][];
}

/** What `Network.create` hands to the function that describes a network. */
export class NetworkBuilder {
  readonly #inputs: { name: string; dtype: DType; shape: readonly Dimension[] }[] = [];
  readonly #steps: Step[] = [];
  readonly #seed: { seed?: number };

  /** @internal */
  constructor(seed?: number) {
    this.#seed = seed === undefined ? {} : { seed };
  }

  /** An input: its name, shape (an extent, or the name of an axis that may have any) and type. */
  input(name: string, shape: readonly Dimension[], dtype: DType = "float32"): NetworkValue {
    if (this.#steps.length > 0) {
      throw new HeedError("invalid-argument", "inputs come before the first layer");
    }
    if (!kDTypes.includes(dtype) || !Array.isArray(shape)) {
      const message = `the input "${name}" needs a shape, and a type of ${kDTypes.join(", ")}`;
      throw new HeedError("invalid-argument", message);
    }
    this.#inputs.push({ name, dtype, shape });
    return new NetworkValue(this, this.#inputs.length - 1, 0);
  }

  /** Adds a layer, whose weights are at the part's place (`ECA.of({ at: "layer1.eca" })`); its first result. */
  apply(part: Part | Layer, values: Arguments): NetworkValue {
    const given: Part = part instanceof Layer ? { ...part.description, layer: part } : part;
    if (typeof given?.kind !== "string") {
      throw new HeedError("invalid-argument", "apply takes a layer, or what `of` gives: ECA.of()");
    }
    const list: [string, NetworkValue][] =
      values instanceof NetworkValue
        ? [["", values]]
        : Array.isArray(values)
          ? values.map((value): [string, NetworkValue] => ["", value])
          : Object.entries(values).filter(([, value]) => value !== undefined);
    for (const [, value] of list) {
      if (value instanceof NetworkValue && value.owner === this) continue;
      throw new HeedError("invalid-argument", `${given.kind} is applied to what this network gave`);
    }
    const options = { ...this.#seed, ...given.options };
    this.#steps.push({ part: { ...given, options }, arguments: list });
    return new NetworkValue(this, this.#inputs.length + this.#steps.length - 1, 0);
  }

  /** @internal */
  get parts(): Part[] {
    return this.#steps.map(({ part }) => part);
  }

  /** @internal */
  encode(outputs: Readonly<Record<string, NetworkValue>>): number[] {
    const words = new Words().word(1);
    const value = ({ step, index }: NetworkValue) => words.word(step, index);
    return words
      .list(this.#inputs, ({ name, dtype, shape }) =>
        words
          .text(name)
          .dtype(dtype)
          .list(shape, (axis) =>
            typeof axis === "number" ? words.word(axis).text("") : words.word(-1).text(axis),
          ),
      )
      .list(this.#steps, ({ part, arguments: given }) =>
        words.layer(part).list(given, ([name, argument]) => value(words.text(name) && argument)),
      )
      .list(Object.entries(outputs), ([name, output]) => value(words.text(name) && output))
      .take();
  }
}

export interface NetworkOptions {
  /** The whole state dict, from `loadSafetensors`. Without it all layers are new. */
  weights?: WeightSource;
  session?: LayerSession;
  /** Of new layers' random weights: a whole number; 0 unless told. Layers at other places have other weights. */
  seed?: number;
}

/** A network that is ready to run. */
export class Network {
  readonly #program: Program;
  #disposed = false;

  private constructor(program: Program) {
    this.#program = program;
  }

  /**
   * Builds a network: `describe` applies layers to inputs and returns the output, or outputs by name.
   * Weights are copied once, and freed when they are packed.
   *
   *     const network = await Network.create((g) => {
   *       const x = g.input("x", ["batch", 3, "length"]);
   *       const y = g.apply(Conv1d.of({ at: "conv1", padding: 2 }), x);
   *       return g.apply(ECA.of({ at: "eca1" }), y);
   *     }, { weights });
   *
   * @throws HeedError as `create` of a layer.
   */
  static async create(
    describe: (builder: NetworkBuilder) => NetworkValue | Readonly<Record<string, NetworkValue>>,
    options: NetworkOptions = {},
  ): Promise<Network> {
    checkOptions("Network.create", options, {
      ...{ weights: "object", session: "object", seed: "number" },
    });
    const session = options.session ?? (await defaultSession());
    const builder = new NetworkBuilder(options.seed);
    const described = describe(builder);
    const outputs = described instanceof NetworkValue ? { output: described } : described;
    if (
      typeof outputs !== "object" ||
      outputs === null ||
      !Object.values(outputs).every(
        (value) => value instanceof NetworkValue && value.owner === builder,
      )
    ) {
      const message =
        "Network.create: the function must return a value of the network, or values by name";
      throw new HeedError("invalid-argument", message);
    }
    const root = { kind: "", at: "", options: {}, parts: builder.parts };
    const weights = keepWeights(session, options.weights, root);
    try {
      return new Network(Program.create(session, builder.encode(outputs), weights));
    } finally {
      if (weights !== 0) session.engine.release(weights);
    }
  }

  get inputs(): readonly TensorInfo[] {
    return this.#program.description.inputs;
  }

  get outputs(): readonly TensorInfo[] {
    return this.#program.description.outputs;
  }

  /** The attention blocks; a map's name is its layer's place and, of layers with several, what it is of. */
  get attention(): readonly AttentionBlock[] {
    return this.#program.description.attention.map(({ map, ...block }) => block);
  }

  /** Operators that run, after the passes, and memory as of the making. */
  get info(): {
    operators: readonly { readonly name: string; readonly count: number }[];
    memory: MemoryUse;
  } {
    const { operators, memory } = this.#program.description;
    return { operators, memory };
  }

  /** Runs the network; see `Layer.forward`. */
  forward(
    input: Tensor | Readonly<Record<string, Tensor>>,
    options: ForwardOptions = {},
  ): ForwardResult {
    if (this.#disposed) throw new HeedError("disposed", "the network was disposed of");
    checkOptions("forward", options, { attention: "any", outputs: "object", into: "object" });
    const inputs = input instanceof Tensor ? { [this.inputs[0]?.name ?? ""]: input } : input;
    return this.#program.run(inputs, options);
  }

  /** Tokens that attention keeps from earlier calls, where layers were made with a cache. */
  get cacheLength(): number {
    return this.#program.cacheLength;
  }

  /**
   * Forgets what the caches keep from token `length` on.
   * @throws HeedError `wrong-value` when they do not keep so many.
   */
  truncate(length: number): void {
    this.#program.truncate(length);
  }

  /** Empties the caches. */
  reset(): void {
    this.truncate(0);
  }

  /** Gives the memory back. A second call does nothing. */
  dispose(): void {
    this.#disposed = true;
    this.#program.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
