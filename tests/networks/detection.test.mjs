import { describe } from "vitest";
import { testAgainstOracle } from "./against-oracle.mjs";
import { detectionInput } from "./sample-inputs.mjs";

describe("detection", () => {
  testAgainstOracle(
    "detection",
    {
      "64x64": detectionInput(64, 64),
      "224x160": detectionInput(224, 160),
      "32x608, a strip": detectionInput(32, 608),
      "352x320": detectionInput(352, 320),
      "96x128, three images": detectionInput(96, 128, 3),
    },
    10,
  );
});
