/**
 * Rebuilds the relaxed-SIMD module from the simd128 one and the difference between them, as `.dev/delta.mjs` wrote it:
 * the length of the result, then steps until that length is reached. A step is three numbers (unsigned LEB128) and bytes:
 *
 *   from      where to copy from, counted from the end of the previous copy; zigzag (0, -1, 1, -2, ... as 0, 1, 2, 3, ...)
 *   copied    how many bytes of `base` to copy
 *   inserted  how many bytes of the delta itself follow, and are appended
 *
 * A RangeError says that `delta` was not made for `base`, or is damaged.
 */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array<ArrayBuffer> {
  let at = 0;
  const bytesOf = (source: Uint8Array, start: number, count: number) => {
    if (start < 0 || start + count > source.length) throw new RangeError("the delta does not fit");
    return source.subarray(start, start + count);
  };
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytesOf(delta, at++, 1)[0] as number;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
  };
  const result = new Uint8Array(number());
  for (let end = 0, from = 0; end < result.length; ) {
    const step = number();
    from += step % 2 ? -(step + 1) / 2 : step / 2;
    const copied = number();
    const inserted = number();
    if (copied + inserted === 0) throw new RangeError("the delta does not fit");
    result.set(bytesOf(base, from, copied), end);
    result.set(bytesOf(delta, at, inserted), end + copied);
    from += copied;
    at += inserted;
    end += copied + inserted;
  }
  return result;
}
