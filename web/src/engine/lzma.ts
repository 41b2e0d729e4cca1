// LZMA, as "LZMA specification (draft version)" by Igor Pavlov (7-zip.org/sdk.html, public domain) describes it, for the one
// purpose here: a raw stream (no header, the size known) with one literal context bit and no position bits (lc=1, lp=0, pb=0),
// which suits the engine's streams best. What packs it, with the same three numbers, is .dev/lzma.mjs.
//
// Each bit is coded in proportion to the chance, of 2048, that it is 0, which adapts whenever the bit is read. All chances are
// in one array; a tree of 2^n leaves has its root at 1 from where its chances start, so n + 1 trees of one bit stand as close
// as n + 1 chances.

// Where the chances start. The first six have one for each of the twelve states, which tell what came last: literals or matches.
const kMatch = 0;
const kRepeated = 12;
const kOlder1 = 24;
const kOlder2 = 36;
const kOlder3 = 48;
const kLonger = 60;
const kSlot = 72;
const kNear = 328;
const kAlign = 442;
const kLength = 457;
const kRepeatedLength = 728;
const kLiteral = 999;
const kChances = 2535;

/**
 * The `size` bytes that a raw LZMA1 stream (lc=1, lp=0, pb=0) starts with; an end mark after them is not read. Throws a
 * RangeError where the stream is damaged or too short, as far as it can be told: there is no checksum.
 */
export function decodeLzma(packed: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  const chances = new Uint16Array(kChances).fill(1024);
  // The range and the code within it. Not two variables: beyond 31 bits, these would be allocated at every change until V8
  // compiles this, and what it compiles would not last (85 ms instead of 50, cold).
  const coder = new Uint32Array(2);
  const last = [0, 0, 0, 0]; // The last four distances, less one; the newest first.
  let from = 0;
  let to = 0;
  let state = 0;

  const check = (sound: boolean) => {
    if (!sound) throw new RangeError("the LZMA stream is damaged");
  };
  const fill = () => {
    if (coder[0]! < 1 << 24) {
      check(from < packed.length);
      coder[0]! <<= 8;
      coder[1] = (coder[1]! << 8) | packed[from++]!;
    }
  };
  /**
   * Reads a tree of `limit` leaves, the highest bit first. With `mask` 256, the chances also depend on the bits of `expected`, as
   * long as the bits read are the same.
   */
  const read = (start: number, limit = 2, mask = 0, expected = 0): number => {
    let node = 1;
    while (node < limit) {
      fill();
      expected *= 2;
      const one = expected & mask;
      const index = start + mask + one + node;
      const chance = chances[index]!;
      const bound = (coder[0]! >>> 11) * chance;
      node *= 2;
      if (coder[1]! < bound) {
        coder[0] = bound;
        chances[index]! += (2048 - chance) >> 5;
        mask &= ~one;
      } else {
        coder[0]! -= bound;
        coder[1]! -= bound;
        chances[index]! -= chance >> 5;
        mask &= one;
        node++;
      }
    }
    return node - limit;
  };

  while (from < 5) fill();
  check(packed[0] === 0);
  coder[0] = -1;
  while (to < size) {
    if (read(kMatch + state) === 0) {
      const start = kLiteral + 768 * (to && out[to - 1]! >> 7);
      const mask = state < 7 ? 0 : 256;
      out[to] = read(start, 256, mask, out[mask && to - last[0]! - 1]);
      to++;
      state -= state < 4 ? state : state < 10 ? 3 : 6;
      continue;
    }
    let next = 7;
    let which = 3;
    if (read(kRepeated + state)) {
      next = 8;
      which = 0;
      if (read(kOlder1 + state)) which = read(kOlder2 + state) ? 2 + read(kOlder3 + state) : 1;
      else if (!read(kLonger + state)) next = 9;
    }
    let distance = last[which]!;
    let length = 1;
    if (next < 9) {
      const start = next < 8 ? kLength : kRepeatedLength;
      if (!read(start + 7)) length = 2 + read(start, 8);
      else if (!read(start + 15)) length = 10 + read(start + 8, 8);
      else length = 18 + read(start + 16, 256);
    }
    if (next < 8) {
      const slot = read(kSlot + 64 * Math.min(length - 2, 3), 64);
      distance = slot;
      if (slot > 3) {
        let bits = (slot >> 1) - 1;
        distance = (2 + (slot & 1)) << bits;
        let start = kNear + distance - slot;
        if (slot > 13) {
          start = kAlign;
          while (bits > 4) {
            bits--;
            fill();
            coder[0]! >>>= 1;
            if (coder[1]! >= coder[0]!) {
              coder[1]! -= coder[0]!;
              distance |= 1 << bits;
            }
          }
        }
        for (let low = read(start, 1 << bits); bits--; low >>= 1) distance |= (low & 1) << bits;
      }
    }
    for (; which > 0; which--) last[which] = last[which - 1]!;
    last[0] = distance;
    state = state < 7 ? next : next < 8 ? 10 : 11;
    check(distance >>> 0 < to && to + length <= size);
    for (const end = to + length; to < end; to++) out[to] = out[to - distance - 1]!;
  }
  return out;
}
