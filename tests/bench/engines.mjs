// heed and its rival behind one interface; runs in Node.js and in browsers.
//
// An open engine: { run(), build, close() }. `run` does what a program would do for one result: tensors in, tensors out.

/** @param urls { heed, ort }: where the two packages are imported from */
export const kEngines = {
  async heed(urls, file, { data, shape }, inputName) {
    const { loadModel, Tensor } = await import(urls.heed);
    const model = await loadModel(file);
    const feeds = { [inputName]: new Tensor("float32", data, shape) };
    const run = async () => (await model.run(feeds)).outputs;
    return { run, build: model.info.build, close: () => model.dispose() };
  },

  async ort(urls, file, { data, shape }, inputName) {
    const { env, InferenceSession, Tensor } = await import(urls.ort);
    env.wasm.numThreads = 1;
    const session = await InferenceSession.create(file, { executionProviders: ["wasm"] });
    const feeds = { [inputName]: new Tensor("float32", data, shape) };
    return { run: () => session.run(feeds), build: "simd128", close: () => session.release() };
  },
};

/** Remembers every WebAssembly memory that is made from now on; the result says how many bytes they have in all. */
export function watchMemories() {
  const memories = new Set();
  const { Memory, Instance, instantiate } = WebAssembly;
  const keep = (instance) => {
    for (const value of Object.values(instance.exports)) {
      if (value instanceof Memory) memories.add(value);
    }
    return instance;
  };
  const watched = (Class, onMade) =>
    new Proxy(Class, {
      construct(target, args, self) {
        const made = Reflect.construct(target, args, self);
        onMade(made);
        return made;
      },
    });
  WebAssembly.Memory = watched(Memory, (memory) => memories.add(memory));
  WebAssembly.Instance = watched(Instance, keep);
  WebAssembly.instantiate = async (...args) => {
    const made = await instantiate(...args);
    keep(made.instance ?? made);
    return made;
  };
  return () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
