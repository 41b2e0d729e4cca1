// A layer's or network's graph in the engine, and how it is run at once.

import { LocalSession } from "../engine/local-session.ts";
import type { Description, TensorInfo } from "../engine/session.ts";
import { HeedError, quoted } from "../errors.ts";
import { Tensor } from "../tensor.ts";
import { checkWanted, type ForwardOptions, type ForwardResult } from "./layer.ts";
import type { LayerSession } from "./layer-session.ts";

export class Program {
  readonly inputs: readonly TensorInfo[];
  readonly #description: Description;
  readonly #run: LocalSession;
  readonly #results: ReadonlyMap<string, number>;
  readonly #maps: ReadonlyMap<string, number>;
  /** The map that `attention` is: the one without a name of its own, or the only one. */
  readonly #only: string | undefined;

  private constructor(run: LocalSession, description: Description) {
    this.#run = run;
    this.#description = description;
    this.inputs = description.inputs;
    const ids = new Map(description.tensors.map(({ name, id }) => [name, id]));
    this.#results = new Map(description.outputs.map(({ name }) => [name, ids.get(name)!]));
    this.#maps = new Map(description.attention.map(({ id, map }) => [id, map]));
    const { attention } = description;
    const unnamed = attention.find(({ id, mechanism }) => id === mechanism);
    this.#only = (unnamed ?? (attention.length === 1 ? attention[0] : undefined))?.id;
  }

  /** Of the words of encode.ts. */
  static create(session: LayerSession, words: readonly number[], weights: number): Program {
    const run = new LocalSession(session.engine, false);
    try {
      return new Program(run, run.build(words, weights));
    } catch (error) {
      run.dispose();
      throw error;
    }
  }

  get description(): Description {
    return this.#description;
  }

  run(given: Readonly<Record<string, Tensor>>, options: ForwardOptions): ForwardResult {
    const inputs = this.inputs.map(({ name, dtype }) => {
      const tensor = given[name];
      if (tensor === undefined) {
        throw new HeedError("missing-input", `the input "${name}" is missing`);
      }
      if (tensor.dtype !== dtype) {
        const message = `the input "${name}" must be ${dtype}, not ${tensor.dtype}`;
        throw new HeedError("wrong-type", message);
      }
      return tensor;
    });
    const unknown = Object.keys(given).filter(
      (name) => given[name] !== undefined && !this.inputs.some((input) => input.name === name),
    );
    if (unknown.length > 0) {
      const names = this.inputs.map(({ name }) => name);
      const message = `there is no input ${quoted(unknown)}; there are ${quoted(names)}`;
      throw new HeedError("unknown-name", message);
    }
    const outputs = options.outputs ?? [...this.#results.keys()];
    checkWanted("outputs", outputs, [...this.#results.keys()]);
    const { attention = false } = options;
    const blocks =
      typeof attention === "boolean" ? (attention ? [...this.#maps.keys()] : []) : attention;
    checkWanted("attention", blocks, [...this.#maps.keys()]);
    const into = outputs.map((name) => options.into?.[name]);
    checkWanted("into", Object.keys(options.into ?? {}), outputs);
    const wanted = [
      ...outputs.map((name) => this.#results.get(name)!),
      ...blocks.map((name) => this.#maps.get(name)!),
    ];
    const { values } = this.#run.runAtOnce({ inputs, wanted }, into);
    const tensors = values.map(({ dtype, data, shape }) => new Tensor(dtype, data, shape));
    const maps = new Map(blocks.map((name, i) => [name, tensors[outputs.length + i]!]));
    return {
      output: tensors[0]!,
      outputs: Object.fromEntries(outputs.map((name, i) => [name, tensors[i]!])),
      attention: this.#only === undefined ? undefined : maps.get(this.#only),
      maps,
    };
  }

  get cacheLength(): number {
    return this.#run.cacheLength;
  }

  truncate(length: number): void {
    if (!Number.isInteger(length) || length < 0) {
      throw new HeedError("wrong-value", `a cache cannot be cut to ${length} tokens`);
    }
    this.#run.truncateCache(length);
  }

  dispose(): void {
    this.#run.dispose();
  }
}
