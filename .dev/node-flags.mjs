// Node.js 20 has relaxed SIMD behind a flag; later versions have it, and reject the flag.

/** A module with one function: f32x4.relaxed_madd of three splats of 0. */
const kProbe = Uint8Array.of(
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0],
  ...[65, 0, 253, 15, 65, 0, 253, 15, 65, 0, 253, 15, 253, 133, 2, 11],
);

/** What to start node with, so that relaxed SIMD works. */
export function relaxedSimdFlags() {
  return WebAssembly.validate(kProbe) ? [] : ["--experimental-wasm-relaxed-simd"];
}
