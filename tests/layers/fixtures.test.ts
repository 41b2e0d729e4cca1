// Every layer class gives, through the package, what PyTorch, timm or the specification say.

import * as layers from "heed/layers";
import { afterAll, describe, expect, test } from "vitest";
import { difference, readFixtures } from "../support/fixtures.ts";

const kFiles = [
  "branches",
  "cbam",
  "danet",
  "eca",
  "gates",
  "hacnn",
  "pfanet",
  "self_attention",
  "soca",
  "spatial_attentions",
  "spatial_transformer",
  "squeeze_excite",
  "temporal",
];

type AnyClass = typeof layers.SqueezeExcite;
const classOf = (mechanism: string): AnyClass =>
  (layers as unknown as Record<string, AnyClass>)[mechanism[0]!.toUpperCase() + mechanism.slice(1)]!;

const session = await layers.LayerSession.create();
afterAll(() => session.dispose());

/** Steps with a cache are a test of their own. */
const isCase = ({ options }: { options: Record<string, unknown> }) => !("steps" in options);

describe.each(kFiles)("%s", (file) => {
  test.each(readFixtures(file).filter(isCase))("$name", async (fixture) => {
    const { mechanism, options, weights, inputs, outputs, maps } = fixture;
    const layer = await classOf(mechanism).create({
      ...options,
      session,
      ...(Object.keys(weights).length > 0 ? { weights } : {}),
    });
    const result = layer.forward(inputs, { attention: true });
    const problems = [
      ...Object.entries(outputs).map(([name, expected]) => [
        name,
        difference(result.outputs[name], expected),
      ]),
      ...Object.entries(maps).map(([name, expected]) => [
        name,
        difference(name === "attention" ? result.attention : result.maps.get(name), expected),
      ]),
    ].filter(([, problem]) => problem !== "");
    expect(problems).toEqual([]);
    layer.dispose();
  });
});
