import { loadModel } from "heed";
import { kNetworkFiles } from "./network-files";

/** A loaded network, whether in this thread or in the package's worker. */
export type Model = Awaited<ReturnType<typeof loadModel>>;

/** The three networks of PP-OCRv4: where text is, whether it is upside down, what it says. */
export interface Networks {
  detect: Model;
  direction: Model;
  recognise: Model;
}

export type NetworkName = keyof Networks;

export const kNetworkNames: readonly NetworkName[] = ["detect", "direction", "recognise"];

export interface LoadOptions {
  /** Runs each network in a worker of its own, so that the page stays responsive. */
  worker?: boolean;
  /** Where the package's worker.js is, for pages whose policy forbids workers from blob: URLs. */
  workerUrl?: string;
  /** Called as bytes arrive; `total` is 0 while unknown. */
  onProgress?: (name: NetworkName, loaded: number, total: number) => void;
  signal?: AbortSignal;
}

/** Loads the networks, all at once. `locate` gives a file's URL (or, in Node.js, its path). */
export async function loadNetworks(
  locate: (file: string) => string,
  { worker = false, workerUrl, onProgress, signal }: LoadOptions = {},
): Promise<Networks> {
  const load = (name: NetworkName): Promise<Model> =>
    loadModel(locate(kNetworkFiles[name]), {
      ...(worker && { worker }),
      ...(workerUrl !== undefined && { workerUrl }),
      ...(signal && { signal }),
      ...(onProgress && {
        onProgress: ({ loaded, total }) => onProgress(name, loaded, total ?? 0),
      }),
    });
  const loading = kNetworkNames.map(load);
  try {
    const [detect, direction, recognise] = (await Promise.all(loading)) as [Model, Model, Model];
    return { detect, direction, recognise };
  } catch (error) {
    for (const result of await Promise.allSettled(loading)) {
      if (result.status === "fulfilled") result.value.dispose();
    }
    throw error;
  }
}

/** The only output of a network that has one. */
export async function runSingle(
  model: Model,
  x: Parameters<Model["run"]>[0][string],
  signal?: AbortSignal,
) {
  const [input] = model.inputs;
  const [output] = model.outputs;
  if (!input || !output) throw new Error("the network has no input or no output");
  const { outputs } = await model.run({ [input.name]: x }, signal ? { signal } : {});
  const tensor = outputs[output.name];
  if (!tensor) throw new Error(`the network gave no ${output.name}`);
  return { data: tensor.data as Float32Array, shape: tensor.shape };
}
