// heed's layer of a case; runs in Node.js and in browsers.

const encoder = new TextEncoder();

/**
 * heed's layer with the weights { name: { shape, data } } of a case { mechanism, options }.
 * Resolves to { run(inputs) -> { name: { data } }, dispose() }, inputs being { name: { shape, data } }, names those of the
 * exported file; to undefined where the package has no such layer.
 */
export async function makeHeedLayer(urls, { mechanism, options }, weights) {
  if (urls.layers === undefined) return undefined;
  const layers = await import(urls.layers);
  const { loadSafetensors, Tensor } = layers;
  const Layer = layers[mechanism[0].toUpperCase() + mechanism.slice(1)];
  if (Layer === undefined) return undefined;
  const given = Object.keys(weights).length > 0;
  const state = given ? { weights: await loadSafetensors(safetensorsOf(weights)) } : {};
  const layer = await Layer.create({ ...state, ...options });
  return {
    run: (inputs) => {
      const tensors = Object.entries(inputs).map(([name, { shape, data }]) => [
        name,
        new Tensor("float32", data, shape),
      ]);
      return layer.forward(Object.fromEntries(tensors)).outputs;
    },
    dispose: () => layer.dispose(),
  };
}

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
