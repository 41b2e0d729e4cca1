// The fixtures of tests/fixtures/attention, as the layers' tests use them, in Node.js and in pages.

import { type DType, type ForwardResult, type LayerSession, Tensor } from "heed/layers";
import { uniform } from "./counter-hash.ts";

/** The files with cases of single layers. */
export const kLayerFiles = [
  ...["basic", "branches", "cbam", "danet", "eca", "gates", "hacnn", "pfanet", "self_attention"],
  ...["soca", "spatial_attentions", "spatial_transformer", "squeeze_excite", "temporal"],
];

export interface Fixture {
  name: string;
  mechanism: string;
  dialect: string;
  options: Record<string, unknown>;
  weights: Record<string, Tensor>;
  inputs: Record<string, Tensor>;
  outputs: Record<string, Tensor>;
  maps: Record<string, Tensor>;
}

interface Metadata {
  mechanism: string;
  dialect: string;
  options: Record<string, unknown>;
  shapes: Record<string, number[]>;
  generated?: { seed: string; rules: Record<string, { scale: number; offset: number }> };
}

const kTypes: Record<string, DType> = { F32: "float32", I64: "int64", I32: "int32", U8: "bool" };

function arrayOf(dtype: DType, bytes: Uint8Array): Tensor["data"] {
  const { buffer } = new Uint8Array(bytes);
  if (dtype === "int64") return new BigInt64Array(buffer);
  if (dtype === "int32") return new Int32Array(buffer);
  return dtype === "bool" ? new Uint8Array(buffer) : new Float32Array(buffer);
}

/** All cases of a file's bytes, generated tensors included. */
export function parseFixtures(bytes: Uint8Array): Fixture[] {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const cases: [string, string][] = Object.entries(header.__metadata__);
  return cases.map(([name, text]) => {
    const { mechanism, dialect, options, shapes, generated }: Metadata = JSON.parse(text);
    const parts: Record<string, Record<string, Tensor>> = {
      weights: {},
      inputs: {},
      outputs: {},
      maps: {},
    };
    for (const [key, shape] of Object.entries(shapes)) {
      const dot = key.indexOf(".");
      const stored = header[`${name}.${key}`];
      const dtype = stored ? kTypes[stored.dtype]! : "float32";
      const rule = generated?.rules[key];
      const count = shape.reduce((product, extent) => product * extent, 1);
      const data = stored
        ? arrayOf(
            dtype,
            bytes.subarray(
              8 + length + stored.data_offsets[0],
              8 + length + stored.data_offsets[1],
            ),
          )
        : uniform(`${generated!.seed}.${key}`, count, rule!.scale, rule!.offset);
      parts[key.slice(0, dot)]![key.slice(dot + 1)] = new Tensor(dtype, data as never, shape);
    }
    return { name, mechanism, dialect, options, ...parts } as Fixture;
  });
}

/** The worst excess of |a - b| over 1e-5 + 1e-4 |b|, as a sentence; empty when there is none. */
export function difference(actual: Tensor | undefined, expected: Tensor): string {
  if (!actual) return "it is missing";
  if (`${actual.shape}` !== `${expected.shape}`) {
    return `its shape is [${actual.shape}], expected [${expected.shape}]`;
  }
  for (let i = 0; i < expected.data.length; i++) {
    const [a, b] = [Number(actual.data[i]), Number(expected.data[i])];
    if (Number.isNaN(a) && Number.isNaN(b)) continue;
    if (a === b || Math.abs(a - b) <= 1e-5 + 1e-4 * Math.abs(b)) continue;
    return `element ${i} is ${a}, expected ${b}`;
  }
  return "";
}

/** A layer's class, by the name of a fixture's mechanism. */
export interface AnyLayerClass {
  create(options: object): Promise<{
    forward(inputs: Record<string, Tensor>, options: object): ForwardResult;
    dispose(): void;
  }>;
}

export const classOf = (layers: object, mechanism: string): AnyLayerClass =>
  (layers as Record<string, AnyLayerClass>)[mechanism[0]!.toUpperCase() + mechanism.slice(1)]!;

/** Makes the layer of a case, runs it, and says what differs. */
export async function checkCase(
  layers: object,
  fixture: Fixture,
  session: LayerSession,
): Promise<string[]> {
  const { mechanism, options, weights, inputs, outputs, maps } = fixture;
  const given = Object.keys(weights).length > 0 ? { weights } : {};
  const layer = await classOf(layers, mechanism).create({ ...options, ...given, session });
  const result = layer.forward(inputs, { attention: true });
  layer.dispose();
  const mapOf = (name: string) => (name === "attention" ? result.attention : result.maps.get(name));
  return [
    ...Object.entries(outputs).map(([name, y]) => [name, difference(result.outputs[name], y)]),
    ...Object.entries(maps).map(([name, map]) => [name, difference(mapOf(name), map)]),
  ].flatMap(([name, problem]) => (problem === "" ? [] : [`${fixture.name}, ${name}: ${problem}`]));
}

/** Whether a case is of one call; steps with a cache are tests of their own. */
export const isOneCall = ({ options }: Fixture): boolean => !("steps" in options);
