// What every measurement does: compare two results, then run by turns.

/** A sample is as many runs as take this long, so that the clock's grain does not matter. */
const kSampleMilliseconds = 20;

/** The largest difference of two arrays of one length, and the largest magnitude of the second. */
export function farthest(data, reference) {
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < data.length; i++) {
    // Not Math.max: a NaN must count.
    if (!(Math.abs(data[i] - reference[i]) <= difference))
      difference = Math.abs(data[i] - reference[i]);
    magnitude = Math.max(magnitude, Math.abs(reference[i]));
  }
  return { difference, magnitude };
}

/**
 * Runs the engines by turns, each first in its share of the rounds, after a warm-up { runs, milliseconds }.
 * Resolves to { name: milliseconds a run, for each round }.
 */
export async function alternate(engines, rounds, warmUp) {
  const names = Object.keys(engines);
  const repeats = {};
  for (const name of names) repeats[name] = await warm(engines[name].run, warmUp);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      times[name].push(await sample(engines[name].run, repeats[name]));
    }
  }
  return times;
}

/** Runs until the time is over and resolves to how many runs make a sample. */
async function warm(run, { runs, milliseconds }) {
  const start = performance.now();
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < runs || performance.now() - start < milliseconds; i++) {
    fastest = Math.min(fastest, await sample(run, 1));
  }
  return Math.ceil(kSampleMilliseconds / Math.max(fastest, 0.01));
}

/** Milliseconds a run. */
async function sample(run, repeats) {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) await run();
  return (performance.now() - start) / repeats;
}
