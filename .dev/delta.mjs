// The difference between the two WebAssembly modules, small because they differ only where they multiply-add.
// web/src/delta.ts describes the format and applies it.

const kWindow = 8; // Bytes that must agree before a copy is considered: it costs about 4 to say.
const kCandidates = 64; // Places of a window that are compared; the one that goes on longest is taken.

/** Encodes `target` as copies from `base` and inserted bytes. */
export function makeDelta(base, target) {
  const out = [];
  const number = (value) => {
    for (; value > 127; value = Math.floor(value / 128)) out.push((value % 128) + 128);
    out.push(value);
  };
  const places = placesOfWindows(base);
  number(target.length);

  let expected = 0; // Where the previous copy ended in `base`.
  let pending; // The copy that waits for the bytes to be inserted after it.
  let insertFrom = 0;
  const flush = (insertTo) => {
    if (pending === undefined && insertTo === insertFrom) return;
    const { from, length } = pending ?? { from: expected, length: 0 };
    const step = from - expected;
    number(step < 0 ? -2 * step - 1 : 2 * step);
    number(length);
    number(insertTo - insertFrom);
    for (let i = insertFrom; i < insertTo; i++) out.push(target[i]);
    expected = from + length;
    pending = undefined;
  };

  for (let at = 0; at < target.length; ) {
    const end = pending === undefined ? expected : pending.from + pending.length;
    const copy = longestCopy(base, target, places, at, end + (at - insertFrom));
    if (copy === undefined) {
      at++;
      continue;
    }
    flush(at);
    pending = copy;
    at += copy.length;
    insertFrom = at;
  }
  flush(target.length);
  return Uint8Array.from(out);
}

function windowAt(bytes, at) {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, kWindow).latin1Slice();
}

function placesOfWindows(base) {
  const places = new Map();
  for (let at = 0; at + kWindow <= base.length; at++) {
    const window = windowAt(base, at);
    const list = places.get(window);
    if (list === undefined) places.set(window, [at]);
    else if (list.length < kCandidates) list.push(at);
  }
  return places;
}

function longestCopy(base, target, places, at, likely) {
  if (at + kWindow > target.length) return undefined;
  let best;
  // The place that continues the previous copy is the cheapest to name, so it comes first and wins ties.
  for (const from of [likely, ...(places.get(windowAt(target, at)) ?? [])]) {
    let length = 0;
    while (from + length < base.length && base[from + length] === target[at + length]) {
      if (++length === target.length - at) break;
    }
    if (length >= kWindow && length > (best?.length ?? 0)) best = { from, length };
  }
  return best;
}
