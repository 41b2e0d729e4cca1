// The script of the page in which layers.test.mjs runs every layer class.

import * as layers from "heed/layers";
import { type Documented, inputsOf } from "../support/examples.ts";
import { checkCase, isOneCall, kLayerFiles, parseFixtures } from "../support/fixture-cases.ts";

declare const examples: readonly { layer: Documented; options: () => object }[];

async function work() {
  const session = await layers.LayerSession.create();
  const problems: string[] = [];
  let cases = 0;
  for (const file of kLayerFiles) {
    const response = await fetch(`./fixtures/${file}.safetensors`);
    for (const fixture of parseFixtures(new Uint8Array(await response.arrayBuffer()))) {
      if (!isOneCall(fixture)) continue;
      cases++;
      problems.push(...(await checkCase(layers, fixture, session)));
    }
  }
  const outputs: Record<string, number[]> = {};
  for (const { layer, options } of examples) {
    const made = await (layers as unknown as Record<string, typeof layers.ECA>)[layer.name]!.create(
      {
        ...options(),
        session,
      },
    );
    outputs[layer.name] = Array.from(made.forward(inputsOf(layer.example)).output.data, Number);
    made.dispose();
  }
  return { cases, problems, outputs };
}

export const result = work();
