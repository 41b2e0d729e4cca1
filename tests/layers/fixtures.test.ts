// Every layer class gives, through the package, what PyTorch, timm or the specification say.

import * as layers from "heed/layers";
import { afterAll, describe, expect, test } from "vitest";
import { checkCase, isOneCall, kLayerFiles } from "../support/fixture-cases.ts";
import { readFixtures } from "../support/fixtures.ts";

const session = await layers.LayerSession.create();
afterAll(() => session.dispose());

describe.each(kLayerFiles)("%s", (file) => {
  test.each(readFixtures(file).filter(isOneCall))("$name", async (fixture) => {
    expect(await checkCase(layers, fixture, session)).toEqual([]);
  });
});
