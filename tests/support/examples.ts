// The documented examples of layers: their options and inputs.

import * as layers from "heed/layers";
import { Tensor } from "heed/layers";
import { uniform } from "./counter-hash.ts";

/** What .dev/layers.mjs reads in the headers of cpp/attention, as far as tests use it. */
export interface Documented {
  name: string;
  kind: string;
  maps: { name: string; text: string }[];
  outputs: { name: string }[];
  example: { options: string; inputs: { name: string; dtype: string; shape: number[] }[] };
}

/** An example's options as a program; they may use other layers' classes. */
export const optionsOf = (text: string): object =>
  new Function(...Object.keys(layers), `return ${text}`)(...Object.values(layers));

/** Repeatable inputs: floats in [-1, 1), indices 0, 1, 2, ..., bools. */
export function inputsOf({ inputs }: Documented["example"]): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      const values = uniform(name, count, 1, 0);
      if (dtype === "int64") {
        const integers = BigInt64Array.from(values, (_, i) => BigInt(1 + (i % 3)));
        return [name, new Tensor("int64", integers, shape)];
      }
      if (dtype === "bool") {
        return [
          name,
          new Tensor(
            "bool",
            Uint8Array.from(values, (v) => Number(v > 0)),
            shape,
          ),
        ];
      }
      return [name, new Tensor("float32", values, shape)];
    }),
  );
}
