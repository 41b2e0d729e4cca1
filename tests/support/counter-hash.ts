// Numbers from a name, the same as tests/fixtures/attention/counter_hash.py gives: weights and inputs that
// are too large to be stored with the fixtures.

/** FNV-1a over the UTF-8 bytes of the name, 32 bits. */
export function keyOf(name: string): number {
  let key = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) key = Math.imul(key ^ byte, 0x01000193);
  return key >>> 0;
}

/** `count` words of 32 bits: word i is lowbias32(i * 0x9E3779B9 + key). */
export function bits(name: string, count: number): Uint32Array {
  const key = keyOf(name);
  return Uint32Array.from({ length: count }, (_, i) => {
    let x = (Math.imul(i, 0x9e3779b9) + key) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    return x ^ (x >>> 16);
  });
}

/** `count` values in offset + [-scale, scale), row-major. */
export function uniform(name: string, count: number, scale: number, offset: number): Float32Array {
  const factor = Math.fround(scale);
  const shift = Math.fround(offset);
  return Float32Array.from(bits(name, count), (word) => {
    const unit = ((word >>> 8) - 2 ** 23) / 2 ** 23;
    return Math.fround(Math.fround(unit * factor) + shift);
  });
}
