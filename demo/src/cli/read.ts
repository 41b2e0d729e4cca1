import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDictionary } from "../pipeline/ctc";
import { kDictionaryFile } from "../pipeline/network-files";
import { loadNetworks } from "../pipeline/networks";
import { type Line, readImage } from "../pipeline/reader";
import { decodeImage } from "./decode-image";

export const kUsage = `usage: npm run read -- IMAGE [--json]

Prints the text of a PNG or JPEG image, line by line in reading order.

  --json   prints { "lines": [{ "text", "confidence", "quad" }] }; quad: four corners [x, y]
           in pixels, clockwise from the top left one
`;

/** Where `read` prints to; a test passes its own. */
export interface Output {
  out: (text: string) => void;
  error: (text: string) => void;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

async function decodeFile(path: string) {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new Error(`cannot read ${path}: ${error.message}`);
  });
  try {
    return decodeImage(bytes);
  } catch (error) {
    throw new Error(`cannot decode ${path}: ${(error as Error).message}`);
  }
}

async function readText(path: string, assets: string) {
  const image = await decodeFile(path);
  const networks = await loadNetworks((file) => join(assets, file));
  try {
    const dictionary = parseDictionary(await readFile(join(assets, kDictionaryFile), "utf8"));
    return await readImage(networks, dictionary, image);
  } finally {
    for (const model of Object.values(networks)) model.dispose();
  }
}

/** { "lines": [{ text, confidence, quad }] }, one line of text a line of the document. */
function toJson(lines: readonly Line[]): string {
  const rows = lines.map(({ text, confidence, quad }) => {
    const corners = quad.map(([x, y]) => [round(x, 1), round(y, 1)]);
    return `\n    ${JSON.stringify({ text, confidence: round(confidence, 4), quad: corners })}`;
  });
  return `{\n  "lines": [${rows.join(",")}${rows.length > 0 ? "\n  " : ""}]\n}\n`;
}

/**
 * The command `npm run read`.
 * @param assets the folder that holds the networks and the dictionary
 * @returns the exit status: 0, 1 (failed) or 2 (usage)
 */
export async function main(
  args: readonly string[],
  assets: string,
  { out, error }: Output,
): Promise<number> {
  const [path, ...more] = args.filter((arg) => arg !== "--json");
  if (args.includes("--help")) {
    out(kUsage);
    return 0;
  }
  if (path === undefined || more.length > 0 || path.startsWith("--")) {
    error(kUsage);
    return 2;
  }
  try {
    const { lines } = await readText(path, assets);
    if (args.includes("--json")) {
      out(toJson(lines));
    } else {
      out(lines.map(({ text }) => `${text}\n`).join(""));
    }
    return 0;
  } catch (problem) {
    error(`read: ${(problem as Error).message}\n`);
    return 1;
  }
}
