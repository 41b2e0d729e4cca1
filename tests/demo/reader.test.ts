import { Tensor } from "heed";
import { describe, expect, test } from "vitest";
import type { Networks } from "../../demo/src/pipeline/networks";
import { makePixels, type Pixels } from "../../demo/src/pipeline/pixels";
import { readImage } from "../../demo/src/pipeline/reader";

const dictionary = ["", "a", " "];

/** Stands in for a network: computes its output from its input. */
function network(compute: (x: Tensor) => Tensor): Networks["detect"] {
  const describe = (name: string) => [{ name, dtype: "float32", shape: [] }];
  const run = async ({ x }: { x: Tensor }, { signal }: { signal?: AbortSignal } = {}) => {
    signal?.throwIfAborted();
    return { outputs: { y: compute(x) }, attention: new Map() };
  };
  return { inputs: describe("x"), outputs: describe("y"), run } as unknown as Networks["detect"];
}

interface Answers {
  /** The probability that a line is upside down. */
  upsideDown?: number;
  /** The probability of the letter that is read on each line. */
  letter?: number;
  /** Receives the recogniser's inputs. */
  seen?: Tensor[];
}

/** Networks that find text where the image is dark and read an "a" on every line. */
function networks({ upsideDown = 0, letter = 0.9, seen = [] }: Answers = {}): Networks {
  const detect = network((x) => {
    const [, , height = 1, width = 1] = x.shape;
    const red = (x.data as Float32Array).subarray(0, height * width);
    const data = red.map((value) => (value < 0 ? 0.9 : 0));
    return new Tensor("float32", data, [1, 1, height, width]);
  });
  const direction = network(
    () => new Tensor("float32", Float32Array.of(1 - upsideDown, upsideDown), [1, 2]),
  );
  const recognise = network((x) => {
    seen.push(x);
    return new Tensor("float32", Float32Array.of(0, letter, 1 - letter), [1, 1, 3]);
  });
  return { detect, direction, recognise };
}

/** A white page with dark bars; the left half of each bar is black, the right half grey. */
function page(...bars: { x: number; y: number; width: number; height: number }[]): Pixels {
  const image = makePixels(320, 192);
  image.data.fill(255);
  for (const { x, y, width, height } of bars) {
    for (let j = y; j < y + height; j++) {
      for (let i = x; i < x + width; i++) {
        image.data.fill(i < x + width / 2 ? 0 : 90, 4 * (j * 320 + i), 4 * (j * 320 + i) + 3);
      }
    }
  }
  return image;
}

const bar = { x: 40, y: 30, width: 120, height: 16 };

describe("readImage", () => {
  test("tells of boxes first, then of each line, and says what the stages took", async () => {
    const events: string[] = [];
    const { lines, times, map } = await readImage(
      networks(),
      dictionary,
      page(bar, { ...bar, y: 100 }),
      {
        onBoxes: (boxes) => events.push(`${boxes.length} boxes`),
        onLine: (index, line) => events.push(`${index}: ${line?.text}`),
      },
    );
    expect(events).toEqual(["2 boxes", "0: a", "1: a"]);
    expect(lines.map(({ text }) => text)).toEqual(["a", "a"]);
    expect(lines[0]?.confidence).toBeCloseTo(0.9, 5);
    expect([map.width, map.height]).toEqual([320, 192]);
    expect(times.total).toBeGreaterThanOrEqual(times.detect);
  });

  test("turns a line only when the direction network is sure", async () => {
    const read = async (upsideDown: number) => {
      const seen: Tensor[] = [];
      const { lines } = await readImage(networks({ upsideDown, seen }), dictionary, page(bar));
      const { data, shape } = seen[0] as Tensor;
      const [, , height = 0, width = 0] = shape;
      const middle = (height / 2) * width;
      const leftIsDarker =
        (data[middle + width / 4] as number) < (data[middle + (3 * width) / 4] as number);
      return { upsideDown: lines[0]?.upsideDown, leftIsDarker };
    };
    expect(await read(0.89)).toEqual({ upsideDown: false, leftIsDarker: true });
    expect(await read(0.91)).toEqual({ upsideDown: true, leftIsDarker: false });
  });

  test("lays a tall line down", async () => {
    const seen: Tensor[] = [];
    const tall = { x: 100, y: 20, width: 16, height: 120 };
    await readImage(networks({ seen }), dictionary, page(tall));
    expect(seen[0]?.shape[3]).toBeGreaterThan(48 * 3);
  });

  test("drops what it can hardly read", async () => {
    const dropped: unknown[] = [];
    const { lines } = await readImage(networks({ letter: 0.45 }), ["", "a", "b"], page(bar), {
      minConfidence: 0.6,
      onLine: (_, line) => dropped.push(line),
    });
    expect(lines).toEqual([]);
    expect(dropped).toEqual([undefined]);
  });

  test("an image without text gives no lines", async () => {
    expect((await readImage(networks(), dictionary, page())).lines).toEqual([]);
  });

  test("can be given up", async () => {
    const reading = readImage(networks(), dictionary, page(bar), { signal: AbortSignal.abort() });
    await expect(reading).rejects.toThrow("aborted");
  });
});
