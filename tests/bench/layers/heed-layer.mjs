// heed's layer, or network of layers, of a case; runs in Node.js and in browsers.

const encoder = new TextEncoder();

/**
 * heed's layer or network with the weights { name: { shape, data } } of a case { mechanism, options }.
 * Resolves to { run(inputs) -> { name: { data } }, dispose() }, inputs being { name: { shape, data } }, names those of the
 * exported file; to undefined where the package has no such layer.
 */
export async function makeHeedLayer(urls, about, weights) {
  if (urls.layers === undefined) return undefined;
  const layers = await import(urls.layers);
  const { loadSafetensors, Tensor } = layers;
  const Layer = layers[about.mechanism[0].toUpperCase() + about.mechanism.slice(1)];
  if (Layer === undefined) return undefined;
  const { options, nameOf, inputsOf, outputsOf } =
    kInHeed[`${about.mechanism} ${about.dialect}`]?.(about, layers) ?? {};
  const named = Object.entries(weights).map(([name, weight]) => [nameOf?.(name) ?? name, weight]);
  const state =
    named.length > 0
      ? { weights: await loadSafetensors(safetensorsOf(Object.fromEntries(named))) }
      : {};
  const layer =
    Layer === layers.Network
      ? await makeNetwork(urls, about, Layer, state)
      : await Layer.create({ ...state, ...about.options, ...options });
  return {
    run: (inputs) => {
      const tensors = Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        new Tensor("float32", data, shape),
      ]);
      const given = Object.fromEntries(tensors);
      // What stands alone needs no name.
      const only = tensors.length === 1 ? tensors[0][1] : undefined;
      const { outputs } = layer.forward(inputsOf?.(given) ?? only ?? given);
      return outputsOf?.(outputs) ?? outputs;
    },
    dispose: () => layer.dispose(),
  };
}

async function makeNetwork(urls, { dialect, options }, Network, state) {
  const { kNetworks } = await import(urls.networks);
  return Network.create(kNetworks[dialect](options), state);
}

const innerName = () => ({ nameOf: (name) => name.replace(/^inner\./, "") });
/** The parts of a hybrid, whose weights lie below these names. */
const parts =
  (...places) =>
  ({ options }, layers) => ({
    options: { parts: options.parts.map((name, i) => layers[name].of({ at: places[i] })) },
  });

/** What a case is called in heed, where that is not what it is in the exported module: options, names of weights, inputs, outputs. */
const kInHeed = {
  // The shapes say how many heads share keys.
  "ScaledDotProductAttention grouped": () => ({ options: { groups: undefined } }),
  "MultiHeadAttention torch_cross": () => ({
    inputsOf: ({ query, memory }) => ({ query, key: memory }),
  }),
  "MultiHeadAttention rotary_half": innerName,
  "MultiHeadAttention grouped_rotary_interleaved": innerName,
  // Keras has no modules within modules.
  "PyramidFeatureAttention whole": () => ({
    nameOf: (name) => name.replace(/^\w+\.(?=.*\.)/, ""),
  }),
  "HybridAttention sequence": parts("parts.eca", "parts.gate", "parts.space"),
  "HybridAttention sum_residual": parts("parts.channel", "parts.spatial"),
  // As the exporter calls them.
  "DualAttention head": () => ({
    outputsOf: ({ fused, position, channel }) => ({ output: fused, crops: position, 149: channel }),
  }),
  // A point for each window of the offsets' convolution.
  "DeformableAttention official": ({ weights }) => ({
    options: { stride: weights["conv_offset.0.weight"][0][2] },
  }),
};

/** A safetensors file of float32 tensors. */
function safetensorsOf(weights) {
  const header = {};
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(weights)) {
    header[name] = { dtype: "F32", shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = JSON.stringify(header);
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(start + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(encoder.encode(text.padEnd(start - 8)), 8);
  for (const [name, { data }] of Object.entries(weights)) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    file.set(bytes, start + header[name].data_offsets[0]);
  }
  return file;
}
