import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import jpeg from "jpeg-js";
import { describe, expect, test } from "vitest";
import { build } from "../../.dev/run.mjs";
import { writeModel } from "../support/onnx-file.mjs";
import { addOne, direction } from "./models.ts";

const folder = mkdtempSync(join(tmpdir(), "heed-cli-"));
const file = (name: string, data?: string | Uint8Array) => {
  if (data !== undefined) writeFileSync(join(folder, name), data);
  return join(folder, name);
};

interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

const heed = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(build, "package/cli.js"), ...args],
      (error, stdout, stderr) => {
        resolve({ status: error ? Number(error.code) : 0, stdout, stderr });
      },
    );
  });

/** The one JSON document that a command prints. */
async function json(...args: string[]) {
  const { status, stdout } = await heed(...args, "--json");
  return { status, ...JSON.parse(stdout) };
}

const adder = file("adder.onnx", addOne);

/** y = x, for images of any size. */
const imageModel = file(
  "image.onnx",
  writeModel({
    inputs: { image: [1, 3, "height", "width"] },
    outputs: { y: [1, 3, "height", "width"] },
    nodes: [{ operator: "Identity", inputs: ["image"], outputs: ["y"] }],
  }),
);

// 2 x 1 pixels: dark red, light blue.
const rgb = Uint8Array.of(51, 0, 0, 204, 204, 255);

describe("heed inspect", () => {
  test("prints what a model is", async () => {
    const { status, stdout, stderr } = await heed("inspect", direction, "--shape", "x=1x3x48x192");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const part of [
      /inputs +x: float32/,
      /Conv 3\d/,
      /se\.8: squeeze-excite/,
      /weights +0\.\d MB/,
      /plan +0\.\d MB/,
    ]) {
      expect(stdout).toMatch(part);
    }
    expect((await heed("inspect", direction)).stdout).toMatch(/--shape x=Nx3xNxN/);
  });

  test("--json prints the same as one document", async () => {
    const { status, ...report } = await json("inspect", direction, "--shape", "1x3x48x192");
    expect(status).toBe(0);
    expect(report).toMatchObject({
      inputs: [{ name: "x" }],
      threads: 1,
      build: expect.any(String),
    });
    expect(report.attention).toHaveLength(9);
    expect(report.memory.weightBytes).toBeGreaterThan(500_000);
    expect(report.memory.plan).toMatchObject({ shapes: { x: [1, 3, 48, 192] } });
    expect(report.memory.plan.peakBytes).toBeGreaterThan(100_000);
  });
});

describe("heed run", () => {
  test("takes JSON, nested or flat", async () => {
    const nested = file("nested.json", "[[1, 2, 3], [4, 5, 6]]");
    expect(await json("run", adder, "--input", `x=${nested}`)).toEqual({
      status: 0,
      outputs: { y: { dtype: "float32", shape: [2, 3], data: [2, 3, 4, 5, 6, 7] } },
    });
    const flat = file("flat.json", JSON.stringify({ shape: [1, 3], data: [1, 2, 3] }));
    expect((await json("run", adder, "--input", flat)).outputs.y.data).toEqual([2, 3, 4]);
  });

  test("takes NumPy files, and writes them", async () => {
    // numpy.save of numpy.float64([[1, 2, 3]])
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 3), }".padEnd(117);
    const bytes = Buffer.concat([
      Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
      Buffer.from(`${header}\n`, "latin1"),
      Buffer.from(Float64Array.of(1, 2, 3).buffer),
    ]);
    const saved = await json("run", adder, "--input", file("x.npy", bytes), "--save", folder);
    expect(saved.outputs.y.data).toEqual([2, 3, 4]);
    expect(saved.saved).toEqual({ y: file("y.npy") });
    const again = await json("run", adder, "--input", file("y.npy"));
    expect(again.outputs.y).toEqual({ dtype: "float32", shape: [1, 3], data: [3, 4, 5] });
    expect(readFileSync(file("y.npy")).subarray(0, 8)).toEqual(bytes.subarray(0, 8));
    expect((readFileSync(file("y.npy")).length - 12) % 64).toBe(0);
  });

  test("takes PNG images, normalised as the options say", async () => {
    const png = file("two.png", encode({ data: rgb, width: 2, height: 1, channels: 3 }));
    const { y } = (await json("run", imageModel, "--input", png)).outputs;
    expect(y.shape).toEqual([1, 3, 1, 2]);
    expect(y.data.map((v: number) => Math.round(v * 255))).toEqual([51, 204, 0, 204, 0, 255]);
    const options = ["--order", "bgr", "--scale", "1", "--mean", "0,1,2", "--std", "1,1,7"];
    const bgr = (await json("run", imageModel, "--input", `image=${png}`, ...options)).outputs.y;
    expect(bgr.data.map((v: number) => v.toFixed(3))).toEqual([
      "0.000",
      "255.000",
      "-1.000",
      "203.000",
      "7.000",
      "28.857",
    ]);
    const sized = (await json("run", imageModel, "--input", png, "--size", "4x2")).outputs.y;
    expect(sized.shape).toEqual([1, 3, 2, 4]);
  });

  test.each([
    ["grey", { data: Uint8Array.of(10, 20), channels: 1 }, [10, 20, 10, 20, 10, 20]],
    [
      "grey and transparent",
      { data: Uint8Array.of(10, 255, 20, 0), channels: 2 },
      [10, 255, 10, 255, 10, 255],
    ],
    [
      "16 bits deep",
      { data: Uint16Array.of(2560, 5120), channels: 1, depth: 16 },
      [10, 20, 10, 20, 10, 20],
    ],
  ])("takes PNG images that are %s", async (name, image, expected) => {
    const png = file(`${name}.png`, encode({ width: 2, height: 1, ...image } as never));
    expect((await json("run", imageModel, "--input", png, "--scale", "1")).outputs.y.data).toEqual(
      expected,
    );
  });

  test("takes JPEG images, upright as their EXIF data say", async () => {
    const data = new Uint8Array(16 * 8 * 4).fill(255);
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++) data.set([0, 0, 0, 255], 4 * (16 * y + x));
    const plain = jpeg.encode({ data, width: 16, height: 8 }, 95).data;
    const corner = async (path: string) => {
      const { shape, data: values } = (await json("run", imageModel, "--input", path)).outputs.y;
      return [shape[3], shape[2], Math.round(values[0]), Math.round(values[shape[3] - 1])];
    };
    expect(await corner(file("plain.jpg", plain))).toEqual([16, 8, 0, 1]);
    // The left half is black. Turned by a quarter to the right (6), that is the upper half; mirrored (2), the right one.
    expect(await corner(file("turned.jpg", withOrientation(plain, 6)))).toEqual([8, 16, 0, 0]);
    expect(await corner(file("back.jpg", withOrientation(plain, 8)))).toEqual([8, 16, 1, 1]);
    expect(await corner(file("mirror.jpg", withOrientation(plain, 2)))).toEqual([16, 8, 1, 0]);
    expect(await corner(file("half.jpg", withOrientation(plain, 3)))).toEqual([16, 8, 1, 0]);
  });

  test("writes the attention maps as pictures", async () => {
    const png = file(
      "grey.png",
      encode({ data: new Uint8Array(64 * 32 * 3).fill(90), width: 64, height: 32, channels: 3 }),
    );
    const maps = join(folder, "maps");
    const report = await json(
      "run",
      direction,
      "--input",
      png,
      "--size",
      "192x48",
      "--attention",
      maps,
    );
    expect(Object.keys(report.attention)).toHaveLength(9);
    const picture = decode(readFileSync(report.attention["se.0"]));
    expect(picture.width).toBe(256); // 8 channels, a bar of 32 pixels each
  });

  test("finds weights that stand beside the model", async () => {
    const weights = { one: { shape: [3], location: "one.bin" } };
    const nodes = [{ operator: "Add", inputs: ["x", "one"], outputs: ["y"] }];
    const model = writeModel({ inputs: { x: [1, 3] }, outputs: { y: [1, 3] }, weights, nodes });
    file("one.bin", new Uint8Array(Float32Array.of(1, 1, 1).buffer));
    const x = file("row.json", "[[1, 2, 3]]");
    expect((await json("run", file("split.onnx", model), "--input", x)).outputs.y.data).toEqual([
      2, 3, 4,
    ]);
  });

  test("prints a summary for people", async () => {
    const { stdout, status } = await heed("run", adder, "--input", file("s.json", "[[1, 2, 3]]"));
    expect(status).toBe(0);
    expect(stdout).toMatch(/^y: float32 \[1, 3\]\n +least 2, mean 3, most 4 \(at 2\)\n +2 3 4\n$/);
  });
});

describe("heed bench", () => {
  test("times a model", async () => {
    const { stdout, status } = await heed("bench", adder, "--shape", "8x3", "--runs", "3");
    expect(status).toBe(0);
    expect(stdout).toMatch(/median +[\d.]+ ms of 3 runs/);
    const report = await json("bench", adder, "--shape", "x=8x3", "--runs", "2");
    expect(report).toMatchObject({ shapes: { x: [8, 3] }, runs: 2 });
    expect(report.bestMs).toBeLessThanOrEqual(report.medianMs);
  });
});

describe("a wrong command has status 2 and says what is right:", () => {
  test.each([
    [[], /which command/],
    [["look"], /"look"/],
    [["inspect"], /model file/],
    [["inspect", "a", "b"], /"b"/],
    [["run", adder, "--colour", "x"], /--colour/],
    [["inspect", adder, "--runs", "3"], /inspect has no option --runs/],
    [["run", adder, "--input", "q=x.npy"], /one of the model's inputs "x"/],
    [["bench", adder, "--runs", "0"], /--runs/],
    [["bench", adder], /any size.*--shape x=Nx3/],
    [["bench", adder, "--shape", "3,3"], /1x3x640x640/],
    [["run", adder, "--input", "x.png", "--size", "big"], /--size/],
    [["run", adder, "--input", "x.png", "--mean", "1,2"], /--mean/],
  ])("heed %s", async (args, message) => {
    const { status, stdout, stderr } = await heed(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(await json(...args)).toMatchObject({
      status: 2,
      error: { code: "usage", message: expect.stringMatching(message) },
    });
  });

  test("--help has status 0", async () => {
    const { status, stdout } = await heed("--help");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^usage: heed inspect MODEL/);
  });
});

describe("a failure has status 1 and a code:", () => {
  test.each([
    ["no model", ["inspect", "none.onnx"], "fetch-failed"],
    ["no ONNX file", ["inspect", join(build, "package/package.json")], "invalid-file"],
    ["no input", ["run", adder], "missing-input"],
    ["no such input file", ["run", adder, "--input", "x=none.npy"], "invalid-argument"],
    [
      "an input of another kind",
      ["run", adder, "--input", join(build, "package/LICENSE")],
      "invalid-argument",
    ],
    ["an image that is cut short", ["run", imageModel, "--input", "cut.png"], "invalid-image"],
    ["a wrong shape", ["run", adder, "--input", "wrong.json"], "wrong-shape"],
    ["uneven JSON", ["run", adder, "--input", "uneven.json"], "wrong-shape"],
    ["JSON of texts", ["run", adder, "--input", "text.json"], "invalid-argument"],
    ["an unknown output", ["run", adder, "--input", "ok.json", "--output", "q"], "unknown-name"],
    [
      "an order that is none",
      ["run", imageModel, "--input", "ok.png", "--order", "gbr"],
      "invalid-argument",
    ],
  ])("%s", async (_, args, code) => {
    const png = encode({ data: rgb, width: 2, height: 1, channels: 3 });
    file("cut.png", png.subarray(0, 40));
    file("ok.png", png);
    file("wrong.json", "[1, 2]");
    file("uneven.json", "[[1, 2, 3], [4]]");
    file("text.json", '[["a", "b", "c"]]');
    file("ok.json", "[[1, 2, 3]]");
    const resolved = args.map((arg) => (existsSync(file(arg)) ? file(arg) : arg));
    expect(await json(...resolved)).toMatchObject({
      status: 1,
      error: { code, message: expect.any(String) },
    });
    expect(await heed(...resolved)).toMatchObject({ status: 1, stdout: "" });
  });
});

/** A JPEG file with an EXIF block that has one entry, the orientation. */
function withOrientation(image: Uint8Array, turn: number): Uint8Array {
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    turn,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const body = [...Buffer.from("Exif\0\0", "latin1"), ...tiff];
  const segment = [0xff, 0xe1, 0, body.length + 2, ...body];
  return Uint8Array.of(image[0]!, image[1]!, ...segment, ...image.subarray(2));
}
