// Every layer of the list can be made new from its documented example, and runs; so does the code on its page.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as layers from "heed/layers";
import { HeedError, type Layer, Tensor } from "heed/layers";
import { afterAll, describe, expect, test } from "vitest";
import { readLayers } from "../../.dev/layers.mjs";
import { build } from "../../.dev/run.mjs";
import { exampleCode } from "../../demo/docs/example.mjs";
import { type Documented, inputsOf, optionsOf } from "../support/examples.ts";

type AnyClass = typeof layers.SqueezeExcite;
const classes = layers as unknown as Record<string, AnyClass>;

const documented = readLayers() as unknown as Documented[];

const session = await layers.LayerSession.create();
afterAll(() => session.dispose());

const make = ({ name, example }: Documented): Promise<Layer> =>
  classes[name]!.create({ ...optionsOf(example.options), session });

/** What the code on a layer's page names. */
interface Named {
  layer: Layer;
  output?: Tensor;
  outputs?: Record<string, Tensor>;
  maps?: ReadonlyMap<string, Tensor>;
}

/** Runs the code as a module, whose import of the package is the built one. */
async function runCode(name: string, code: string): Promise<Named> {
  const names = [...code.matchAll(/^const (?:\{ (.*) \}|(layer)) =/gm)].map((m) => m[1] ?? m[2]);
  const folder = join(build, "examples");
  const file = join(folder, `${name}.js`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${code}\nexport { ${names.join(", ")} };\n`);
  return import(/* @vite-ignore */ file);
}

const shapesOf = (tensors: Iterable<[string, Tensor]>) =>
  [...tensors].map(([name, { shape }]) => [name, shape]);

test("there is a class for every layer, and documentation for every class", () => {
  for (const { name } of documented) expect(classes[name], name).toBeTypeOf("function");
  const names = Object.entries(layers).filter(
    ([, value]) => typeof value === "function" && value.prototype instanceof layers.Layer,
  );
  expect(names.map(([name]) => name).sort()).toEqual(documented.map(({ name }) => name).sort());
});

describe.each(documented)("$name", (layer) => {
  test("its example runs, twice the same, and gives what is documented", async () => {
    const made = await make(layer);
    const inputs = inputsOf(layer.example);
    const { output, outputs, maps } = made.forward(inputs, { attention: true });
    expect(Object.keys(outputs)).toEqual(layer.outputs.map(({ name }) => name));
    expect([...(output.data as Float32Array)].every(Number.isFinite)).toBe(true);
    for (const map of maps.values()) {
      expect([...(map.data as Float32Array)].every(Number.isFinite)).toBe(true);
    }
    // Strip pooling has a map in one of its two forms only.
    if (layer.name !== "StripPooling") expect(maps.size > 0).toBe(layer.maps.length > 0);
    const again = made.forward(inputs);
    expect(again.output.data).toEqual(output.data);
    expect(again.maps.size).toBe(0);
    made.dispose();
  });

  test("the code on its page runs as it stands, and gives what its example gives", async () => {
    const named = await runCode(layer.name, exampleCode(layer));
    const { outputs = { [layer.outputs[0]!.name]: named.output! }, maps = new Map() } = named;
    const made = await make(layer);
    const expected = made.forward(inputsOf(layer.example), { attention: true });
    expect(named.layer).toBeInstanceOf(classes[layer.name]!);
    expect(shapesOf(Object.entries(outputs))).toEqual(shapesOf(Object.entries(expected.outputs)));
    expect(shapesOf(maps)).toEqual(shapesOf(expected.maps));
    for (const { data } of [...Object.values(outputs), ...maps.values()]) {
      expect([...(data as Float32Array)].every(Number.isFinite)).toBe(true);
    }
    named.layer.dispose();
    made.dispose();
  });

  test("an option that it does not have is an error that names it", async () => {
    const options = { ...optionsOf(layer.example.options), noSuchOption: 1, session };
    const failure = await classes[layer.name]!.create(options as object).catch((error) => error);
    expect(failure).toBeInstanceOf(HeedError);
    expect(failure.code).toBe("unknown-option");
    expect(failure.message).toContain("noSuchOption");
  });

  test("weights that are not its own are an error that names them", async () => {
    const weights = { stranger: new Tensor("float32", new Float32Array(2), [2]) };
    const options = { ...optionsOf(layer.example.options), weights, session };
    const failure = await classes[layer.name]!.create(options as object).catch((error) => error);
    expect(failure).toBeInstanceOf(HeedError);
    expect(failure.code).toBe("invalid-weights");
    expect(failure.message).toContain("stranger");
  });

  test("after it was disposed of, it says so", async () => {
    const made = await make(layer);
    made.dispose();
    made.dispose();
    expect(() => made.forward(inputsOf(layer.example))).toThrow(/disposed/);
  });
});
