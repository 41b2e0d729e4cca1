import { describe, expect, test } from "vitest";
import { decodeLzma } from "../../web/src/engine/lzma.ts";

/** Bytes that look random and are always the same. */
function noise(count: number): Buffer {
  let last = 1;
  const next = () => {
    last = (last * 69069 + 1) % 2 ** 32;
    return last >>> 24;
  };
  return Buffer.from(Array.from({ length: count }, next));
}

const kWords = ["chance ", "range ", "literal ", "match ", "distance ", "length ", "again, ", "\n"];
const kFar = noise(40);

const kTexts: Record<string, Buffer> = {
  nothing: Buffer.alloc(0),
  "one byte": Buffer.from("x"),
  "literals alone": noise(300),
  "a byte that comes again and again": Buffer.alloc(5000, 255),
  "copies that overlap what they write": Buffer.from("abc".repeat(1000)),
  "words, so matches of all distances": Buffer.from(
    [...noise(500)].map((byte) => kWords[byte & 7]).join(""),
  ),
  "records of which a byte or two differ, so distances that repeat": Buffer.concat(
    [...noise(200)].map((byte, i) => Buffer.from([1, 2, 3, byte, 5, 6, 7, byte >> 6, 9, i >> 4])),
  ),
  "matches far behind": Buffer.concat([kFar, Buffer.alloc(3000), kFar, Buffer.alloc(9000), kFar]),
};

/** What xz makes of them, as base64: xz --format=raw --lzma1=preset=9e,lc=1,lp=0,pb=0,dict=1MiB,nice=273 --stdout */
const kPacked: Record<string, string> = {
  nothing: "AIP/+///wAAAAA==",
  "one byte": "ADxD6////+EAAAA=",
  "literals alone":
    "AAAIEIRjRZYXsPU3unoHyx/351QicUpy9GhBz26IFPHD7G2ROKInTqXjzpIx5orKLk3WNXc4oPKtnD3aaZCvgR362mcxNQmKBF9RG7pUpZA+z4ehaWbiiLRcGJVRGSF/4YxEnfUM+mci7CFEP0/LfrmlfsuxSVywW/dbvP19jSIK884fTnGmg1REXQgSZL+6WfJOQ2QlTzy5HkLSUGmrCERTjz3A/QqYoHVmx5zaSjEFTby7ErUd7SJFhjuLNsoL2HN2tQrwup95jBRZJoRhCh3/sBqSJeLP4xvW/us6HUaLjC1mA4A/HrKpybWJB2S1hm5TgumGV7PNB3Yj9VBnyMqw1v26rLye52sPd269KWCkmF6jAkQ1VxzQYZ+XEA9a1zKCUAhDACntajNGNZHdspPqkOY7///vjoAA",
  "a byte that comes again and again": "AH/we8H+ro+hQBO9UzadtBhja6HucffmjXHFV48P//6hcAA=",
  "copies that overlap what they write": "ADCZq+InOmjRkDvo69vuUMspx0bAfDbeA//4cqAA",
  "words, so matches of all distances":
    "ADGbbm8WpltNHp+G6ghI0K3KHCQSTxgV8aks+EhCMcBOqm3iBk21ApK4RUOsEzVzS0Xthnbp0kh0I0F79mOv/qdNb9PZlhqIJeWgky8OnlRy0YeWG0Gt8rrjqqKJ4AZqykFaA2RW/VQA1uL0VOY7q75XymEaHqbQO22tmh6oggs29T/cX53d7EQwy+zXV7m5T7vBaVqOe2iVdSOtLnBxCydUGVp5BwJcnYMK4OZ3qa7kKCUKMTpoipN3/FC4vaVc4IrMswaeEX2bfykMkibI34PdjmoxfuMBYXOnUpkprM44mFIG8AEwGCGTBT6JlGR82wyilDx290YgTWpM74OG4cqiF4KZuxrX4egaaSXgiiulnle3lj73r3TW/X00kxiN9UTKOFA182dtWsB1Kra1H1Q4C4nkm6TuP3qfSpOwkEuEsklZUjH4E8T3RUWOPFY9oKS5EfWLN3P/tULqR1XBicy57tILzCm5j0ejUL65M/tYpLZHoRoLT+L2fosXGMYWcUhSWDc2BU2jLQ7v+0500eb8n5iy8g4dTn+xi9ShbjD0lzPjO5JoVVo3gOaGFdhLJWu/T2xnmtZ0Xst6PsCviGLIgPtkSHnvLKZmJGcvT2KNbWxYoJ+Ewu48X/+yG5hu",
  "records of which a byte or two differ, so distances that repeat":
    "AACAomLWU6j7ngvTObgEwJu8PDwsDj4QC03rZyqTATCjVVUyp8GAQdKnTK4tK6LnP4FSKH/Z09Z7/hsE0xDrGxjXvpJ6wCsxljNiabSbBTPdumO+rYBbtpBZ/mksSp6O/COcfTHWUqD0JzGYRaqDXZ3Mp3aHgpbi9ylt/L//3Lsaoj21yQC76lxXMKbGzNrT1snyayWC97Pzg1u7b9lafzHa50VPx8EnsvQLVrkh76h+X7IsjZnaQGz42ysJK0tQK0J4a1f8aRXXqv9mZG3oY2vgI1u1mIKkaJcbNVl/O71UUpC+Si9t2MI9rQT/IN9EY9d4py3Ck+4B9xHYLApGpNxwgRI3EBC9P0zUAmzxhKIJcUzgdRryz5llZ0XWCyNCC8Pg0QcTluHS4yUD3h7BSXruaUKAbiipF/CtbPnGar495MX7o788zo8bGbvTU6cd/A/x5jJvrM9QwBVENPIBd/q8tXHWWQwIMrsxIODlaIbOSoz5GLtX0n18g9Et1Vsfp/lKGjjVTH3LV1N5DZMkiAxZJRXgzbD32lPVQgPblbbwjBxsAIm8xU+0OYRe7pyGykaHshlNdUj/4hsB0cusFLQkBuqmPsc1356kS0ypjHYaqjsDi4D26HU//aEmgA==",
  "matches far behind":
    "AAAIEIRjRZYXsPU3unoHyx/351QicUpy9GhBz26IFPHD7G2ROKInTqXjzpI6oUTL4HN9mLrBm1K76+MaSR7+1Y/3nF9yh9xLmowVXqw8x9jAYq1+6a+DkrerT7+XhH//0qt2aw==",
};

const packedOf = (name: string) => Uint8Array.from(Buffer.from(kPacked[name]!, "base64"));

describe("a raw LZMA stream", () => {
  test.each(Object.entries(kTexts))("gives back %s", (name, text) => {
    expect(text.equals(decodeLzma(packedOf(name), text.length))).toBe(true);
  });

  test.each(Object.entries(kTexts))("that is cut short is a RangeError: %s", (name, text) => {
    const packed = packedOf(name);
    let needed = packed.length;
    // The end mark that xz writes is not read, so its bytes may be missing; then the text must be there.
    for (; decodes(packed.subarray(0, needed - 1), text); needed--);
    expect(packed.length - needed).toBeLessThan(10);
    for (let length = 0; length < needed; length++) {
      expect(() => decodeLzma(packed.subarray(0, length), text.length)).toThrow(RangeError);
    }
  });

  test.each(Object.entries(kTexts))(
    "that has fewer bytes than asked for is one: %s",
    (name, text) => {
      expect(() => decodeLzma(packedOf(name), text.length + 1)).toThrow(RangeError);
    },
  );

  test("that ends within a match is one", () => {
    const name = "a byte that comes again and again";
    expect(() => decodeLzma(packedOf(name), kTexts[name]!.length - 1)).toThrow(RangeError);
  });

  test("that does not start with 0, or with a match, is one", () => {
    const packed = packedOf("literals alone");
    expect(() => decodeLzma(packed.fill(1, 0, 1), 300)).toThrow(RangeError);
    for (const byte of [0x80, 0xc0, 0xff]) {
      const match = Uint8Array.of(0, byte, ...noise(50));
      expect(() => decodeLzma(match, 300)).toThrow(RangeError);
    }
  });

  test("with a wrong byte gives an error or other bytes, whichever byte it is", () => {
    const name = "words, so matches of all distances";
    const { length } = kTexts[name]!;
    for (let at = 1; at < packedOf(name).length; at++) {
      const packed = packedOf(name);
      packed[at]! ^= 0x5a;
      try {
        expect(decodeLzma(packed, length)).toHaveLength(length);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }
  });
});

/** Whether the stream gives the text; false if it is a RangeError, and a failure if it gives something else. */
function decodes(packed: Uint8Array, text: Buffer): boolean {
  try {
    expect(text.equals(decodeLzma(packed, text.length))).toBe(true);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
