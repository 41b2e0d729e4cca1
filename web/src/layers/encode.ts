// Layers and networks as words, which cpp/bindings/description.cpp reads.
//
//   text      its bytes, then UTF-8, padded to whole words
//   layer     kind, place, options (name; -1 and a text, or a count and so many float64), parts
//   single    0; given inputs (name, type); layer
//   network   1; inputs (name, type, axes: extent or -1, name); steps (layer; arguments: name, value);
//             outputs (name, value)
//   value     the number of the input or, behind all inputs, of the step; and of its result
// What comes in any number has the number in front.

import { HeedError } from "../errors.ts";
import { type DType, kDTypes } from "../tensor.ts";
import type { Part } from "./layer.ts";

export class Words {
  readonly #words: number[] = [];

  word(...values: number[]): this {
    this.#words.push(...values);
    return this;
  }

  list<T>(values: Iterable<T>, write: (value: T) => void): this {
    const all = [...values];
    this.word(all.length);
    all.forEach(write);
    return this;
  }

  text(value: string): this {
    const bytes = new TextEncoder().encode(value);
    const padded = new Uint8Array((bytes.length + 3) & ~3);
    padded.set(bytes);
    return this.word(bytes.length, ...new Int32Array(padded.buffer));
  }

  dtype(value: DType): this {
    return this.word(kDTypes.indexOf(value));
  }

  layer({ kind, at, options, parts }: Part): this {
    this.text(kind).text(at);
    const given = Object.entries(options).filter(([, value]) => value !== undefined);
    return this.list(given, ([name, value]) => this.#option(name, value)).list(parts, (part) =>
      this.layer(part),
    );
  }

  #option(name: string, value: unknown): void {
    this.text(name);
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (values.length > 0 && values.every((item) => typeof item === "string")) {
      this.word(-1).text(values.join(","));
    } else if (values.every((item) => typeof item === "number" || typeof item === "boolean")) {
      const numbers = Float64Array.from(values, Number);
      this.word(numbers.length, ...new Int32Array(numbers.buffer));
    } else {
      const message = `the option "${name}" must be a number, a boolean, a text, or a list of numbers or texts`;
      throw new HeedError("invalid-argument", message);
    }
  }

  take(): number[] {
    return this.#words;
  }
}
