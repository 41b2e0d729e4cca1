/// <reference lib="esnext.disposable" preserve="true" />
import { buildId } from "heed/engine";
import type { Build } from "./engine/compile.ts";
import type {
  AttentionBlock,
  Description,
  Dimension,
  MemoryUse,
  RunReply,
  RunRequest,
  Session,
  TensorInfo,
} from "./engine/session.ts";
import { checkAborted, HeedError, orAborted, quoted } from "./errors.ts";
import { checkNames, checkOptions } from "./options.ts";
import { checkArray, Tensor, type TypedArray } from "./tensor.ts";

/** What is in use. */
export interface ModelInfo {
  /** The build of the engine: `relaxed` multiplies and adds in one instruction. */
  readonly build: Build;
  /** Names this build of heed; JavaScript and WebAssembly must agree in it. */
  readonly buildId: string;
  /** Whether the model runs in a worker. */
  readonly worker: boolean;
  /** Threads that a run uses. */
  readonly threads: number;
  /** Why this build and so many threads. */
  readonly why: string;
  /** Operators that run, after the passes. Fused steps have names of their own. */
  readonly operators: readonly { readonly name: string; readonly count: number }[];
  /** Names of the tensors that `run` can give. */
  readonly tensors: readonly string[];
  /** As of the most recent run. */
  readonly memory: MemoryUse;
}

export interface RunOptions {
  /** Whose maps are wanted: true for all blocks, or their ids. */
  attention?: boolean | readonly string[];
  /** Names of the outputs that are wanted, or of other tensors of `info.tensors`; all outputs unless told. */
  outputs?: readonly string[];
  /** Aborts the run, within about 12 milliseconds or the length of one step. */
  signal?: AbortSignal;
  /** Arrays that outputs, by name, are written to; they become the result's data. */
  into?: Readonly<Record<string, TypedArray>>;
}

export interface RunResult {
  /** The outputs, by name. They belong to the caller. */
  readonly outputs: Record<string, Tensor>;
  /** The maps, by the id of their block. */
  readonly attention: Map<string, Tensor>;
}

const kOptionTypes = {
  attention: "any",
  outputs: "object",
  signal: "object",
  into: "object",
} as const;

/** What a request asks for, and under which names its values come back. */
interface Wanted {
  request: RunRequest;
  outputs: readonly string[];
  blocks: readonly string[];
  into: (TypedArray | undefined)[];
}

const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

const whyOf = (build: Build) =>
  `${build === "relaxed" ? "relaxed SIMD is known here" : "relaxed SIMD is not known here"}; this version of heed uses one thread`;

/** A network that is ready to run. `loadModel` makes it. */
export class Model {
  /** What `run` takes. */
  readonly inputs: readonly TensorInfo[];
  /** What `run` gives unless told otherwise. */
  readonly outputs: readonly TensorInfo[];
  /** The attention blocks that were found. */
  readonly attention: readonly AttentionBlock[];

  readonly #session: Session;
  readonly #tensors: ReadonlyMap<string, number>;
  readonly #maps: ReadonlyMap<string, number>;
  readonly #info: Omit<ModelInfo, "memory">;
  #memory: MemoryUse;
  /** Settles when the run that was asked for last has ended; undefined when all have. */
  #last: Promise<unknown> | undefined;

  /** @internal */
  constructor(session: Session, description: Description, build: Build, worker: boolean) {
    const { inputs, outputs, attention, operators, tensors, memory } = description;
    this.#session = session;
    this.inputs = inputs;
    this.outputs = outputs;
    this.attention = attention.map(({ map, ...block }) => block);
    this.#maps = new Map(attention.map(({ id, map }) => [id, map]));
    this.#tensors = new Map(tensors.map(({ name, id }) => [name, id]));
    this.#info = {
      ...{ build, buildId, worker, threads: 1, why: whyOf(build) },
      ...{ operators, tensors: [...this.#tensors.keys()] },
    };
    this.#memory = memory;
  }

  /** What is in use, and why. */
  get info(): ModelInfo {
    return { ...this.#info, memory: this.#memory };
  }

  /**
   * Runs the network. Calls may overlap; they are served one after the other, in order. Inputs must
   * not change until the promise settles.
   * @throws HeedError `missing-input`, `unknown-name`, `wrong-type`, `wrong-shape`, `wrong-value`,
   * `unknown-option`, `invalid-argument`, `out-of-memory`, `aborted`, `disposed`, `internal`. After all but the
   * last two, the model can be used on.
   */
  async run(
    inputs: Readonly<Record<string, Tensor>>,
    options: RunOptions = {},
  ): Promise<RunResult> {
    const wanted = this.#check(inputs, options);
    const { signal } = options;
    const start = () => {
      if (this.#session.disposed) throw disposed();
      checkAborted(signal);
      return this.#session.run(wanted.request, wanted.into, signal);
    };
    const turn = this.#last ? this.#last.then(start) : start();
    const ended = () => {
      if (this.#last === last) this.#last = undefined;
    };
    const last = turn.then(ended, ended);
    this.#last = last;
    const reply = await (signal ? orAborted(turn, signal) : turn);
    this.#memory = reply.memory;
    return resultOf(reply, wanted);
  }

  /** Gives the memory back. Runs that are not finished reject with `disposed`; a second call does nothing. */
  dispose(): void {
    this.#session.dispose();
  }

  [dispose](): void {
    this.dispose();
  }

  #check(inputs: Readonly<Record<string, Tensor>>, options: RunOptions): Wanted {
    if (this.#session.disposed) throw disposed();
    checkOptions("run", options, kOptionTypes);
    const outputs = options.outputs ?? this.outputs.map(({ name }) => name);
    checkNames("run", "outputs", outputs);
    const blocks = this.#blockIds(options.attention ?? false);
    const given = options.into ?? {};
    const into = outputs.map((name) => given[name]);
    for (const [name, array] of Object.entries(given)) {
      if (!outputs.includes(name)) {
        const message = `run: \`into\` names "${name}", which is not among the outputs ${quoted(outputs)}`;
        throw new HeedError("unknown-name", message);
      }
      if (!ArrayBuffer.isView(array)) {
        throw new HeedError("wrong-type", `run: \`into\` needs a typed array for "${name}"`);
      }
    }
    const request = {
      inputs: this.#inputsOf(inputs),
      wanted: [
        ...outputs.map((name) => this.#tensorId(name)),
        ...blocks.map((id) => this.#maps.get(id)!),
      ],
    };
    return { request, outputs, blocks, into };
  }

  #blockIds(wanted: boolean | readonly string[]): readonly string[] {
    if (wanted === false) return [];
    const all = [...this.#maps.keys()];
    if (wanted === true) return all;
    checkNames("run", "attention", wanted);
    const unknown = wanted.filter((id) => !all.includes(id));
    if (unknown.length > 0) {
      const message = `the model has no attention block ${quoted(unknown)}; it has ${quoted(all)}`;
      throw new HeedError("unknown-name", message);
    }
    return wanted;
  }

  #tensorId(name: string): number {
    const id = this.#tensors.get(name);
    if (id !== undefined) return id;
    const known = quoted(this.outputs.map((output) => output.name));
    const message = `there is no tensor "${name}" to give: the outputs are ${known}; inner tensors are listed in \`info.tensors\`, and others must be named to loadModel in \`keep\``;
    throw new HeedError("unknown-name", message);
  }

  #inputsOf(inputs: Readonly<Record<string, Tensor>>): RunRequest["inputs"] {
    if (typeof inputs !== "object" || inputs === null) {
      throw new HeedError(
        "invalid-argument",
        "run: the inputs must be an object of tensors by name",
      );
    }
    const names = this.inputs.map(({ name }) => name);
    const unknown = Object.keys(inputs).filter((name) => !names.includes(name));
    if (unknown.length > 0) {
      const message = `the model has no input ${quoted(unknown)}; it has ${quoted(names)}`;
      throw new HeedError("unknown-name", message);
    }
    return this.inputs.map((input) => checkInput(input, inputs[input.name]));
  }
}

function checkInput(input: TensorInfo, tensor: Tensor | undefined): Tensor {
  const { name, dtype, shape } = input;
  const expected = () => `${dtype} ${shapeText(shape)}`;
  if (tensor === undefined) {
    throw new HeedError("missing-input", `the input "${name}" (${expected()}) is missing`);
  }
  if (typeof tensor !== "object" || tensor === null || !Array.isArray(tensor.shape)) {
    throw new HeedError("wrong-type", `the input "${name}" must be a Tensor of ${expected()}`);
  }
  if (tensor.dtype !== dtype) {
    const message = `the input "${name}" must be ${expected()}, not ${tensor.dtype} ${shapeText(tensor.shape)}`;
    throw new HeedError("wrong-type", message);
  }
  if (tensor instanceof Tensor) {
    checkArray(dtype, tensor.data, `the input "${name}"`);
  } else {
    new Tensor(dtype, (tensor as Tensor).data, (tensor as Tensor).shape); // from another copy of heed
  }
  if (dtype === "bool" && (tensor.data as Uint8Array).some((value) => value > 1)) {
    throw new HeedError("wrong-value", `the input "${name}" is bool: its bytes must be 0 or 1`);
  }
  return tensor;
}

const shapeText = (shape: readonly Dimension[] | undefined) =>
  shape ? `[${shape.join(", ")}]` : "of any shape";

const disposed = () => new HeedError("disposed", "the model was disposed of");

function resultOf({ values }: RunReply, { outputs, blocks }: Wanted): RunResult {
  const tensors = values.map(({ dtype, data, shape }) => new Tensor(dtype, data, shape));
  const maps = new Map(blocks.map((id, index) => [id, tensors[outputs.length + index]!]));
  return {
    outputs: Object.fromEntries(outputs.map((name, index) => [name, tensors[index]!])),
    attention: maps,
  };
}
