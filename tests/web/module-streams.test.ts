import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { build, SetupError } from "../../.dev/run.mjs";
import { packEngine } from "../../.dev/streams.mjs";
import { unpackModule } from "../../web/src/engine/module-streams.ts";
import { unpackEngine } from "../../web/src/engine/unpack.ts";

/** "the engine" as xz packs it, as in lzma.test.ts, and how many bytes it is. */
const kOtherText = "10:ADobN75nXoIaC2iSDQDR//q+gAA=";

const kStart = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const kV128 = 0x7b;
const kI32 = 0x7f;

/** LEB128 of a number below 16384. */
const number = (value: number) => (value < 128 ? [value] : [(value % 128) + 128, value >> 7]);
const vector = (items: number[][]) => [...number(items.length), ...items.flat()];
const section = (id: number, content: number[]) => [id, ...number(content.length), ...content];

/** A module with one function. `sections` stand before the code, ordered, with the type section's and the function's left out. */
function moduleWith(
  code: number[],
  {
    parameters = [],
    results = [],
    locals = [],
    before = [],
    after = [],
    data = [],
  }: Record<string, number[]> = {},
): Buffer {
  const body = [...vector(locals.map((type) => [1, type])), ...code, 0x0b];
  const type = [0x60, parameters.length, ...parameters, results.length, ...results];
  return Buffer.from([
    ...kStart,
    ...section(1, vector([type, [0x60, 0, 0]])),
    ...section(3, vector([[0], [1]])),
    ...before,
    ...after,
    ...section(
      10,
      vector([
        [...number(body.length), ...body],
        [2, 0, 0x0b],
      ]),
    ),
    ...data,
  ]);
}

const kMemory = section(5, vector([[0, 1]]));
const kTable = section(4, vector([[0x70, 0, 1]]));
const kTag = section(13, vector([[0, 1]]));
const kGlobal = section(6, vector([[kI32, 1, 0x41, 0, 0x0b]]));
const kDrop = 0x1a;
const kZero = [0x41, 0];
const kZeroVector = [0xfd, 12, ...Array(16).fill(0)];

const kModules: Record<string, Buffer> = {
  "no code": Buffer.from(kStart),
  "blocks, branches and a table of them": moduleWith([
    ...[0x02, 0x40, 0x03, kI32, ...kZero, ...kZero, 0x0d, 1, 0x0b, kDrop, 0x0b],
    ...[...kZero, 0x04, 0x40, 0x05, 0x0b, 0x02, 0x40, ...kZero, 0x0e, 1, 0, 1, 0x0b],
  ]),
  "calls, direct and by table": moduleWith([0x10, 1, ...kZero, 0x11, 1, 0], { before: kTable }),
  exceptions: moduleWith([0x06, 0x40, 0x08, 0, 0x07, 0, 0x09, 0, 0x19, 0x0b, 0x06, 0x40, 0x18, 0], {
    before: kTag,
  }),
  "locals and globals, indices of two bytes": moduleWith(
    [0x20, 0x80, 1, 0x22, 0x80, 1, 0x21, 3, 0x23, 0, 0x24, 0],
    { locals: Array(129).fill(kI32), before: kGlobal },
  ),
  constants: moduleWith([
    ...[0x41, 0xff, 0xff, 0xff, 0xff, 0x07, kDrop, 0x42, 0x80, 0x80, 0x7f, kDrop],
    ...[0x43, 1, 2, 3, 4, kDrop, 0x44, 1, 2, 3, 4, 5, 6, 7, 8, kDrop],
  ]),
  "a typed select": moduleWith([...kZero, ...kZero, ...kZero, 0x1c, 1, kI32, kDrop]),
  "loads and stores of every width": moduleWith(
    [
      ...[...Array(14).keys()].flatMap((i) => [...kZero, 0x28 + i, 0, 0x80, 1, kDrop]),
      ...[0x36, 0x3a, 0x3b].flatMap((opcode) => [...kZero, ...kZero, opcode, 0, 3]),
      ...[0x3f, 0, kDrop, ...kZero, 0x40, 0, kDrop],
    ],
    { before: kMemory },
  ),
  "bulk memory and saturating conversions": moduleWith(
    [
      ...[...kZero, ...kZero, ...kZero, 0xfc, 10, 0, 0, ...kZero, ...kZero, ...kZero, 0xfc, 11, 0],
      ...[
        0x43,
        0,
        0,
        0,
        0,
        0xfc,
        0,
        kDrop,
        0xfc,
        9,
        0,
        ...kZero,
        ...kZero,
        ...kZero,
        0xfc,
        8,
        0,
        0,
      ],
    ],
    {
      before: kMemory,
      after: section(12, [1]),
      data: section(11, vector([[1, 2, 7, 8]])),
    },
  ),
  "vectors: memory, lanes, shuffles, relaxed operations": moduleWith(
    [
      ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 92, 93].flatMap((i) => [
        ...kZero,
        0xfd,
        i,
        0,
        5,
        kDrop,
      ]),
      ...[84, 85, 86, 87].flatMap((i) => [...kZero, ...kZeroVector, 0xfd, i, 0, 5, 1, kDrop]),
      ...[88, 89, 90, 91].flatMap((i) => [...kZero, ...kZeroVector, 0xfd, i, 0, 5, 1]),
      ...[...kZero, ...kZeroVector, 0xfd, 11, 4, 0],
      ...[...kZeroVector, ...kZeroVector, 0xfd, 13, ...Array(16).fill(31), 0xfd, 21, 15, kDrop],
      ...[...kZeroVector, ...kZeroVector, 0xfd, 0xae, 1, kDrop],
    ],
    { before: kMemory },
  ),
};

describe("the engine as streams", () => {
  test.each(Object.entries(kModules))("gives back a module with %s", async (_, module) => {
    expect(WebAssembly.validate(Uint8Array.from(module))).toBe(true);
    const { packed, relaxed, simd128 } = await packEngine(module);
    expect(relaxed).toEqual(module);
    expect(simd128).toEqual(module);
    for (const fused of [true, false]) {
      expect(Buffer.from(unpackModule(packed, fused))).toEqual(module);
    }
  });

  test("has a product and a sum where the relaxed module multiplies and adds at once", async () => {
    // For both operations: of three splats, the numbers of the parameters; the first lane of the result.
    const splats = [0, 1, 2].flatMap((index) => [0x20, index, 0xfd, 19]);
    for (const [opcode, expected] of [
      [0x85, 3 * 5 + 7],
      [0x86, 7 - 3 * 5],
    ] as const) {
      const f32 = 0x7d;
      const module = moduleWith([...splats, 0xfd, opcode, 2, 0x22, 3, 0xfd, 31, 0], {
        parameters: [f32, f32, f32],
        results: [f32],
        locals: [kV128],
        before: section(7, vector([[1, 0x66, 0, 0]])),
      });
      const { simd128, relaxed } = await packEngine(module);
      for (const bytes of WebAssembly.validate(relaxed) ? [relaxed, simd128] : [simd128]) {
        const instance = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)));
        expect((instance.exports.f as (...numbers: number[]) => number)(3, 5, 7)).toBe(expected);
      }
      expect(simd128.includes(Buffer.from([0xfd, opcode, 2]))).toBe(false);
    }
  });

  test.each([
    [0xfe, 0x10, 2, 0],
    [0xfc, 18],
    [0xfd, 0x94, 2],
    [0x14, 0],
  ])("cannot be made of an opcode that is not known: %i %i", async (...code) => {
    await expect(packEngine(moduleWith(code))).rejects.toThrow(SetupError);
    await expect(packEngine(moduleWith(code))).rejects.toThrow(/unknown WebAssembly opcode/);
  });

  test("that are cut short, longer, or have other lengths are a RangeError", async () => {
    const { packed } = await packEngine(kModules.constants!);
    for (let length = 0; length < packed.length; length++) {
      expect(() => unpackModule(packed.subarray(0, length), true)).toThrow(RangeError);
    }
    expect(() => unpackModule(Buffer.concat([packed, packed]), true)).toThrow(RangeError);
    const moved = Uint8Array.from(packed);
    moved[18]! -= 1; // the opcodes'
    moved[4]! += 1; // the sections'
    expect(() => unpackModule(moved, true)).toThrow(RangeError);
  });

  test("give the raw modules of the package, but for the section with the build's name", async () => {
    const { streams } = await import(`${build}/generated/embedded.ts`);
    for (const name of ["relaxed", "simd128"]) {
      const unpacked = unpackEngine(streams, name === "relaxed");
      const raw = readFileSync(`${build}/package/${name}.wasm`);
      expect(raw.subarray(0, unpacked.length).equals(unpacked)).toBe(true);
      expect(raw.subarray(unpacked.length + 2).toString()).toMatch(
        new RegExp(`^\\x04heed[0-9a-f]{16} ${name}$`),
      );
    }
  });

  test.each([
    ["not base64", "10:?"],
    ["empty", ""],
    ["not LZMA", "10:aGVlZA=="],
    ["another text", kOtherText],
    ["cut short", kOtherText.slice(0, 15)],
  ])("that are %s give an error that says so", (_, text) => {
    const error = expect.objectContaining({
      name: "HeedError",
      code: "version-mismatch",
      message: expect.stringMatching(/the engine .* is damaged/),
    });
    expect(() => unpackEngine(text, true)).toThrow(error);
  });
});
