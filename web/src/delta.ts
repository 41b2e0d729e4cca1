// The relaxed module as copies from the simd128 one and inserted bytes; .dev/delta.mjs makes it.
//
// Numbers are LEB128. The length of the result comes first, then steps until that length is reached:
//   where to copy from, relative to the end of the previous copy (zigzag: 0, -1, 1, -2 are 0, 1, 2, 3);
//   how many bytes to copy; how many bytes to insert; the bytes to insert.

/** Makes the other module. Both arguments come from the same build; nothing is checked. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = delta[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  const out = new Uint8Array(number());
  let from = 0;
  for (let to = 0; to < out.length; ) {
    const step = number();
    from += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
    const copied = number();
    const inserted = number();
    out.set(base.subarray(from, from + copied), to);
    out.set(delta.subarray(at, at + inserted), to + copied);
    from += copied;
    at += inserted;
    to += copied + inserted;
  }
  return out;
}
