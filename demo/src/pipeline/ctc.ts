/** One recognised character: `step` is the time step it was read at, of as many as the line has. */
export interface Character {
  text: string;
  confidence: number;
  step: number;
}

/** A decoded line: text, its mean confidence in 0..1, and each character with its place. */
export interface Decoded {
  text: string;
  confidence: number;
  characters: Character[];
  steps: number;
}

/**
 * The recogniser's classes: the blank of connectionist temporal classification, one character a
 * line of the dictionary file, and the space.
 */
export function parseDictionary(file: string): string[] {
  return ["", ...file.replace(/\r?\n$/, "").split(/\r?\n/), " "];
}

/**
 * Greedy decoding of connectionist temporal classification (Graves et al., 2006): the likeliest
 * class of each step, repetitions merged, blanks dropped.
 * @param probabilities float32 [1, steps, classes], as `data` and `shape`
 */
export function decode(
  probabilities: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  dictionary: readonly string[],
): Decoded {
  const [, steps = 0, classes = 0] = probabilities.shape;
  if (classes !== dictionary.length) {
    throw new Error(`the recogniser has ${classes} classes, its dictionary ${dictionary.length}`);
  }
  const { data } = probabilities;
  const characters: Character[] = [];
  let previous = 0;
  for (let step = 0; step < steps; step++) {
    let best = 0;
    const row = step * classes;
    for (let i = 1; i < classes; i++) {
      if ((data[row + i] as number) > (data[row + best] as number)) best = i;
    }
    if (best !== 0 && best !== previous) {
      characters.push({
        text: dictionary[best] as string,
        confidence: data[row + best] as number,
        step,
      });
    }
    previous = best;
  }
  const sum = characters.reduce((total, c) => total + c.confidence, 0);
  const text = characters.map((c) => c.text).join("");
  return { text, confidence: characters.length ? sum / characters.length : 0, characters, steps };
}
