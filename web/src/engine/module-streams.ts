// How the JavaScript carries the engine: not as a WebAssembly module but as streams of what resembles each other (all opcodes,
// all indices of locals, all offsets, ...), because LZMA packs those 9 % smaller.
//
// `moveModule` knows which part of a module belongs to which stream. It works in both directions: `unpackModule` moves from the
// streams to the module, .dev/streams.mjs from the module to the streams. The format:
//
//   the length of each stream (LEB128), then the streams, in the order of their numbers;
//   the lengths of the code section and of its functions are in no stream: they follow from what the functions contain;
//   an alignment is held as its xor with the one that the compiler writes most often in that instruction;
//   for each relaxed multiply-add, kSpare has the index of two locals of its function that nothing else uses.
//
// Relaxed multiply-adds are the one difference between the two builds. What is packed is the relaxed module; the other one has a
// product and a sum in their places, for which spare locals hold the operands that must wait.

// The order is the one that packs best.
const kDeclaration = 0;
const kLane = 1;
const kTag = 2;
const kIndex = 3;
const kSection = 4;
const kCall = 5;
const kInt64 = 6;
const kData = 7;
const kVector = 8;
const kOffset = 9;
const kSpare = 10;
const kInt32 = 11;
const kAlign = 12;
const kLabel = 13;
const kBlock = 14;
const kLocal = 15;
const kFloat = 16;
const kGlobal = 17;
const kOpcode = 18;

export const kStreams = 19;

/** What `moveModule` asks for. */
export interface Mover {
  /** Moves a byte of the module, which the stream holds as its xor with `expected`. Returns the module's byte. */
  byte(stream: number, expected?: number): number;
  /** Moves what `body` moves and, before it in the module, its length. */
  sized(body: () => void): void;
  /** A relaxed multiply-add was moved; `stream` is that of the spare locals. */
  fused(negated: boolean, stream: number): void;
  /** Whether all was moved. */
  done(): boolean;
}

/** The one immediate that an instruction has, a LEB128 number. */
const kOneNumber: Record<number, number> = {
  ...{ 2: kBlock, 3: kBlock, 4: kBlock, 6: kBlock, 7: kTag, 8: kTag },
  ...{ 9: kLabel, 12: kLabel, 13: kLabel, 16: kCall, 18: kCall, 24: kLabel },
  ...{ 32: kLocal, 33: kLocal, 34: kLocal, 35: kGlobal, 36: kGlobal, 37: kIndex, 38: kIndex },
  ...{ 63: kIndex, 64: kIndex, 65: kInt32, 66: kInt64, 208: kIndex, 210: kCall },
};

/** Besides 69 to 196. */
const kNoImmediates = [0, 1, 5, 11, 15, 25, 26, 27, 209];

// f32x4.mul, f32x4.add, f32x4.sub.
const kMultiply = [0xfd, 0xe6, 1];
const kAdd = [0xfd, 0xe4, 1];
const kSubtract = [0xfd, 0xe5, 1];

/** Moves a module. Throws a RangeError at an opcode that is not known here. */
export function moveModule({ byte, sized, fused, done }: Mover): void {
  const bytes = (stream: number, count: number) => {
    while (count-- > 0) byte(stream);
  };
  const number = (stream: number): number => {
    for (let value = 0, factor = 1; ; factor *= 128) {
      const next = byte(stream);
      value += (next & 127) * factor;
      if (next < 128) return value;
    }
  };
  const numbers = (stream: number, count: number) => {
    while (count-- > 0) number(stream);
  };
  const address = (alignments: string, at: number) => {
    byte(kAlign, Number(alignments[at]));
    number(kOffset);
  };
  const unknown = (opcode: string) => {
    throw new RangeError(`unknown WebAssembly opcode ${opcode}`);
  };

  /** Moves an instruction; returns by how much deeper the next one is nested. */
  const instruction = (): number => {
    const opcode = byte(kOpcode);
    if (opcode > 39 && opcode < 63) {
      address("22230001001122232301012", opcode - 40);
    } else if (opcode in kOneNumber) {
      number(kOneNumber[opcode]!);
    } else if (opcode === 14) {
      numbers(kLabel, number(kLabel) + 1);
    } else if (opcode === 17 || opcode === 19) {
      numbers(kIndex, 2);
    } else if (opcode === 28) {
      numbers(kIndex, number(kIndex));
    } else if (opcode === 67 || opcode === 68) {
      bytes(kFloat, opcode === 67 ? 4 : 8);
    } else if (opcode === 252) {
      const second = number(kOpcode);
      numbers(kIndex, Number("000000002121212111"[second] ?? unknown(`0xfc ${second}`)));
    } else if (opcode === 253) {
      vector(number(kOpcode));
    } else if ((opcode < 69 || opcode > 196) && !kNoImmediates.includes(opcode)) {
      unknown(`${opcode}`);
    }
    if (opcode === 2 || opcode === 3 || opcode === 4 || opcode === 6) return 1;
    return opcode === 11 || opcode === 24 ? -1 : 0;
  };
  const vector = (opcode: number) => {
    if (opcode < 12) {
      address("033333301000", opcode);
    } else if (opcode < 14) {
      bytes(kVector, 16);
    } else if (opcode > 20 && opcode < 35) {
      byte(kLane);
    } else if (opcode > 83 && opcode < 94) {
      address("0103010000", opcode - 84);
      if (opcode < 92) byte(kLane);
    } else if (opcode === 261 || opcode === 262) {
      fused(opcode === 262, kSpare);
    } else if (opcode > 275) {
      unknown(`0xfd ${opcode}`);
    }
  };
  const body = () => {
    for (let groups = number(kDeclaration); groups-- > 0; byte(kDeclaration)) number(kDeclaration);
    for (let depth = 1; depth > 0; ) depth += instruction();
  };

  bytes(kSection, 8);
  while (!done()) {
    const id = byte(kSection);
    if (id === 10) {
      sized(() => {
        for (let bodies = number(kSection); bodies-- > 0; ) sized(body);
      });
    } else {
      bytes(id === 11 ? kData : kSection, number(kSection));
    }
  }
}

/** A number as LEB128. */
export function leb(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...leb(Math.floor(value / 128))];
}

/** The relaxed module or the other one, from the streams. Throws a RangeError where these are damaged. */
export function unpackModule(packed: Uint8Array, relaxed: boolean): Uint8Array<ArrayBuffer> {
  const places = [0]; // First that of the lengths, then, instead of it, those of the streams.
  const ends = [packed.length];
  const take = (stream: number): number => {
    if (!(places[stream]! < ends[stream]!)) throw new RangeError("a stream is too short");
    return packed[places[stream]!++]!;
  };
  const takeNumber = (stream: number): number => {
    const next = take(stream);
    return next < 128 ? next : next - 128 + 128 * takeNumber(stream);
  };
  const lengths = Array.from({ length: kStreams }, () => takeNumber(0));
  let end = places[0]!;
  for (const [stream, length] of lengths.entries()) {
    places[stream] = end;
    ends[stream] = end += length;
  }
  if (end !== packed.length) throw new RangeError(`there are ${packed.length} bytes, not ${end}`);

  const out = new Uint8Array(4 * end); // What takes the place of a multiply-add has 3.5 times its bytes.
  let to = 0;
  const emit = (bytes: number[]) => {
    out.set(bytes, to);
    to += bytes.length;
  };
  moveModule({
    byte(stream, expected = 0) {
      const byte = take(stream) ^ expected;
      out[to++] = byte;
      return byte;
    },
    sized(body) {
      const start = to;
      body();
      const length = leb(to - start);
      out.copyWithin(start + length.length, start, to);
      out.set(length, start);
      to += length.length;
    },
    fused(negated, stream) {
      const spare = takeNumber(stream);
      if (relaxed) return;
      to -= 3;
      const first = leb(spare);
      const second = leb(spare + 1);
      const product = [...[0x21, ...first], ...kMultiply];
      // The operands on the stack are a, b, c; then a * b, c.
      if (!negated) emit([...product, 0x20, ...first, ...kAdd]);
      else emit([...product, 0x21, ...second, 0x20, ...first, 0x20, ...second, ...kSubtract]);
    },
    done: () => places[kSection] === ends[kSection],
  });
  return out.subarray(0, to);
}
