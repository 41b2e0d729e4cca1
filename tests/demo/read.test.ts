import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { describe, expect, test } from "vitest";
import { inRepository, networkFolder } from "../../demo/heed-package.mjs";
import { main } from "../../demo/src/cli/read";
import { fold } from "./fold.mjs";

const folder = mkdtempSync(join(tmpdir(), "heed-read-"));
const expected: Record<string, string[]> = JSON.parse(
  readFileSync(new URL("expected.json", import.meta.url), "utf8"),
);
const sample = (name: string, kind = "jpg"): string => inRepository(`demo/samples/${name}.${kind}`);

async function read(...args: string[]) {
  let [out, error] = ["", ""];
  const status = await main(args, networkFolder, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
  });
  return { status, out, error };
}

/** A file with a white picture. */
function white(width: number, height: number): string {
  const path = join(folder, `${width}x${height}.png`);
  const data = new Uint8Array(width * height).fill(255);
  writeFileSync(path, encode({ width, height, data, channels: 1 }));
  return path;
}

describe.each(Object.keys(expected))("the sample %s", (name) => {
  test("is read as ONNX Runtime reads it, and as it is written", async () => {
    const { status, out, error } = await read(sample(name), "--json");
    expect({ status, error }).toEqual({ status: 0, error: "" });
    const { lines } = JSON.parse(out) as {
      lines: { text: string; confidence: number; quad: [number, number][] }[];
    };
    expect(lines.map(({ text }) => text)).toEqual(expected[name]);
    const truth = JSON.parse(readFileSync(sample(name, "json"), "utf8"));
    expect(lines.map(({ text }) => fold(text))).toEqual(truth.lines.map(fold));
    for (const { confidence, quad } of lines) {
      expect(confidence).toBeGreaterThan(0.8);
      expect(confidence).toBeLessThanOrEqual(1);
      expect(quad).toHaveLength(4);
      for (const [x, y] of quad) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(truth.width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(truth.height);
      }
    }
  });
});

test("prints one line of text a line", async () => {
  const { out } = await read(sample("upside-down"));
  expect(out).toBe(`${expected["upside-down"]?.join("\n")}\n`);
});

describe("an image without text is an empty result", () => {
  test.each([
    [1, 1],
    [20000, 50],
    [640, 480],
  ])("%d x %d", async (width, height) => {
    expect(await read(white(width, height), "--json")).toEqual({
      status: 0,
      out: '{\n  "lines": []\n}\n',
      error: "",
    });
  });

  test("and prints nothing without --json", async () => {
    expect(await read(white(1, 1))).toEqual({ status: 0, out: "", error: "" });
  });
});

describe("status 1 and one sentence for", () => {
  test("a file that is not there", async () => {
    const { status, out, error } = await read(join(folder, "none.png"), "--json");
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(error).toMatch(/^read: cannot read .*none\.png: .*\n$/);
  });

  test.each([
    ["a file of another kind", "GIF89a"],
    ["an empty file", ""],
  ])("%s", async (_, content) => {
    const path = join(folder, "not-an-image.png");
    writeFileSync(path, content);
    const { status, error } = await read(path);
    expect(status).toBe(1);
    expect(error).toMatch(/^read: cannot decode .*not-an-image\.png: not a PNG or JPEG file\n$/);
  });

  test("an image that was cut short", async () => {
    const path = join(folder, "short.jpg");
    writeFileSync(path, readFileSync(sample("receipt")).subarray(0, 400));
    const { status, error } = await read(path);
    expect(status).toBe(1);
    expect(error).toMatch(/^read: cannot decode .*short\.jpg: .+\n$/);
  });
});

test.each([[[]], [["--json"]], [["--colour", "x.png"]], [["a.png", "b.png"]], [["a.png", "--x"]]])(
  "status 2 and the usage for %j",
  async (args) => {
    const { status, out, error } = await read(...args);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(error).toMatch(/^usage: npm run read/);
  },
);

test("--help prints the usage", async () => {
  const { status, out } = await read("--help");
  expect(status).toBe(0);
  expect(out).toMatch(/^usage: npm run read/);
});
