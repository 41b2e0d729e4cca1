// The relaxed module as copies from the simd128 one and inserted bytes; .dev/delta.mjs makes it.
//
// Numbers are LEB128. The length of the result comes first, then steps until that length is reached:
//   where to copy from, relative to the end of the previous copy (zigzag: 0, -1, 1, -2 are 0, 1, 2, 3);
//   how many bytes to copy; how many bytes to insert; the bytes to insert.

/** Part of `bytes`, all of which must exist. */
function part(bytes: Uint8Array, from: number, length: number): Uint8Array {
  if (from < 0 || from + length > bytes.length) throw new RangeError("the delta does not fit");
  return bytes.subarray(from, from + length);
}

/** Makes the other module. Throws a RangeError where the two do not belong together. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const [byte] = part(delta, at++, 1);
      value += (byte! & 127) * factor;
      if (byte! < 128) return value;
    }
  };
  const out = new Uint8Array(number());
  let from = 0;
  for (let to = 0; to < out.length; ) {
    const step = number();
    from += step % 2 === 0 ? step / 2 : -(step + 1) / 2;
    const copied = number();
    const inserted = number();
    out.set(part(base, from, copied), to);
    out.set(part(delta, at, inserted), to + copied);
    from += copied;
    at += inserted;
    to += copied + inserted;
  }
  return out;
}
