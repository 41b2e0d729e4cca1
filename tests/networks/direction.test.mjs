import { describe } from "vitest";
import { testAgainstOracle } from "./against-oracle.mjs";
import { lineInput } from "./sample-inputs.mjs";

describe("direction", () => {
  testAgainstOracle(
    "direction",
    { "48x192": lineInput(192), "48x192, three lines": lineInput(192, 3) },
    9,
  );
});
