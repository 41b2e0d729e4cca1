// Pictures of attention maps for the documentation: every layer's example, on features of a photograph.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { encode } from "fast-png";
import jpeg from "jpeg-js";
import { heedFolder, inRepository } from "../heed-package.mjs";
import { paintHeat, robustRange } from "../src/ui/colour-maps";

const kPhotograph = "demo/samples/street-sign.jpg";
const kWidth = 192;

/** { layer's name -> { file, caption, bytes } }, of those that have maps. */
export async function mapPictures(documented) {
  const layers = await import(/* @vite-ignore */ pathToFileURL(`${heedFolder()}/layers.js`).href);
  const photograph = greyOf(
    jpeg.decode(readFileSync(inRepository(kPhotograph)), { useTArray: true }),
  );
  const session = await layers.LayerSession.create();
  const pictures = {};
  for (const layer of documented.filter(({ maps }) => maps.length > 0)) {
    const found = await mapOf(layers, session, layer, photograph);
    if (found === undefined) continue; // its example is a form without a map
    pictures[layer.name] = {
      file: `${layer.name}.png`,
      caption: found.caption,
      bytes: encode(pictureOf(found, photograph)),
    };
  }
  session.dispose();
  return pictures;
}

/** Brightness in -1..1. */
function greyOf({ data, width, height }) {
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i++) {
    values[i] = (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 382.5 - 1;
  }
  return { values, width, height };
}

/** The photograph's brightness around a place of a height x width grid, at so many pixels away. */
function sampler({ values, width: full, height: tall }, height, width) {
  return (y, x) => {
    const row = Math.min(tall - 1, Math.max(0, Math.round(((y + 0.5) / height) * tall - 0.5)));
    const column = Math.min(full - 1, Math.max(0, Math.round(((x + 0.5) / width) * full - 0.5)));
    return values[row * full + column];
  };
}

/** (channels, height, width): brightness, edges in both directions and lines, at growing distances. */
function features(photograph, channels, height, width) {
  const at = sampler(photograph, height, width);
  const kinds = [
    (y, x) => at(y, x),
    (y, x, d) => at(y, x + d) - at(y, x - d),
    (y, x, d) => at(y + d, x) - at(y - d, x),
    (y, x, d) => at(y, x) - (at(y, x + d) + at(y, x - d) + at(y + d, x) + at(y - d, x)) / 4,
  ];
  const data = new Float32Array(channels * height * width);
  for (let c = 0, i = 0; c < channels; c++) {
    const distance = 0.5 * 1.4 ** Math.floor(c / 4);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) data[i++] = kinds[c % 4](y, x, distance);
    }
  }
  return data;
}

/** Example inputs that the photograph fills; feature maps `scale` times as large. */
function inputsOf(layers, { inputs }, photograph, scale) {
  const entries = inputs.map(({ name, dtype, shape }) => {
    const larger =
      shape.length === 4 ? [shape[0], shape[1], shape[2] * scale, shape[3] * scale] : shape;
    const count = larger.reduce((product, extent) => product * extent, 1);
    if (dtype === "int64") {
      return [
        name,
        new layers.Tensor(
          dtype,
          BigInt64Array.from({ length: count }, (_, i) => BigInt(1 + (i % 3))),
          larger,
        ),
      ];
    }
    if (dtype === "bool")
      return [name, new layers.Tensor(dtype, new Uint8Array(count).fill(1), larger)];
    // Sequences (batch, length, channels) go along the photograph.
    const [channels, height, width] =
      larger.length === 4
        ? larger.slice(1)
        : larger.length === 3
          ? [larger[2], 1, larger[1]]
          : [1, 1, count];
    const values = features(photograph, channels, height, width);
    const data = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const from = larger.length === 3 ? (i % channels) * width + Math.floor(i / channels) : i;
      data[i] = values[from % values.length];
    }
    return [name, new layers.Tensor("float32", data, larger)];
  });
  return Object.fromEntries(entries);
}

/** The first map of a layer's example, as rows and columns. */
async function mapOf(layers, session, layer, photograph) {
  const { name, example } = layer;
  const options = new Function(...Object.keys(layers), `return ${example.options}`)(
    ...Object.values(layers),
  );
  const made = await layers[name].create({ ...options, session });
  try {
    // Some layers have the size of their feature map built in.
    for (const scale of [4, 1]) {
      try {
        const inputs = inputsOf(layers, example, photograph, scale);
        const { maps } = made.forward(inputs, { attention: true });
        return maps.size === 0 ? undefined : asMatrix(name, maps, Object.values(inputs)[0].shape);
      } catch (error) {
        if (scale === 1) throw error;
      }
    }
  } finally {
    made.dispose();
  }
}

/** Of all maps the one with most to see: positions before channels. */
function asMatrix(name, maps, input) {
  const [id, { data, shape }] = [...maps].sort((a, b) => spread(b[1]) - spread(a[1]))[0];
  const what = `${name}${maps.size > 1 ? `, ${id}` : ""}: a map of [${shape.join(", ")}]`;
  const extents = shape.filter((extent) => extent > 1);
  const [height, width] = extents.slice(-2);
  if (extents.length < 2) {
    // One number for each channel or position: in rows of 16.
    const count = data.length;
    const columns = Math.min(16, count);
    return {
      data: padded(data, Math.ceil(count / columns) * columns),
      width: columns,
      height: Math.ceil(count / columns),
      caption: what,
    };
  }
  const positions = input.length === 4 ? input[2] * input[3] : 0;
  if (height === width && height === positions) {
    // What the position in the middle attends to.
    const row = Math.floor(input[2] / 2) * input[3] + Math.floor(input[3] / 2);
    const caption = `${what}, the row of the position in the middle`;
    return {
      data: data.slice(row * width, (row + 1) * width),
      width: input[3],
      height: input[2],
      caption,
      onImage: true,
    };
  }
  // The mean over what is in front of the last two axes.
  const one = height * width;
  const mean = new Float32Array(one);
  for (let i = 0; i < data.length; i++) mean[i % one] += (data[i] * one) / data.length;
  const caption = extents.length > 2 ? `${what}, their mean` : what;
  const onImage = input.length === 4 && height === input[2] && width === input[3];
  return { data: mean, width, height, caption, onImage };
}

const spread = ({ shape }) => shape.slice(-2).reduce((product, extent) => product * extent, 1);

const padded = (data, count) =>
  Float32Array.from({ length: count }, (_, i) => data[i] ?? Number.NaN);

/** The map's colours; where it is of the photograph's places, half of them laid over the photograph. */
function pictureOf({ data, width, height, onImage }, photograph) {
  const scale = Math.max(1, Math.floor(kWidth / width));
  const [columns, rows] = [width * scale, height * scale];
  const heat = paintHeat(data, width, height, robustRange(data.filter(Number.isFinite))).data;
  const brightness = onImage ? sampler(photograph, rows, columns) : undefined;
  const pixels = new Uint8Array(4 * columns * rows);
  for (let i = 0; i < pixels.length; i++) {
    const [y, x] = [Math.floor(i / 4 / columns), Math.floor(i / 4) % columns];
    const colour = heat[4 * (Math.floor(y / scale) * width + Math.floor(x / scale)) + (i % 4)];
    const opaque = brightness === undefined || i % 4 === 3;
    pixels[i] = opaque ? colour : (colour + 127.5 * (1 + brightness(y, x))) / 2;
  }
  return { data: pixels, width: columns, height: rows, channels: 4 };
}
