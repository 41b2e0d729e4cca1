// From the recipes of cpp/attention (recipe.h has their language) to texts without comments and blanks, with short names for what
// is known inside of the recipes alone: build/generated/engine_recipes.inc, which the engine includes, and recipes.ts.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build, filesUnder, once, root, SetupError, say } from "./run.mjs";

const kKeywords = new Set(["if", "else", "for", "while", "fn", "return", "layer", "or", "and"]);
const kLower = "xyzabcdefghijklmnopqrstuvw";
const kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The texts of the files of recipes.def, in its order: those in the engine, and the others. */
function readTexts() {
  const list = readFileSync(join(root, "cpp/attention/recipes.def"), "utf8");
  const files = filesUnder("cpp/attention").filter((path) => path.endsWith(".cpp"));
  const read = (name) => {
    const file = files.find((path) => basename(path) === `${name}.cpp`);
    const text = file && /R"\(\n(.*?)\)"/s.exec(readFileSync(file, "utf8"))?.[1];
    if (!text) throw new SetupError(`there are no recipes in a file ${name}.cpp of cpp/attention`);
    return text;
  };
  return ["HEED_ENGINE_RECIPES", "HEED_RECIPES"].map((macro) =>
    [...list.matchAll(new RegExp(`^${macro}\\((\\w+)\\)$`, "gm"))].map(([, name]) => read(name)),
  );
}

/**
 * Words (names and numbers), pieces of texts, and signs one by one; `gap`: a blank stood in front. What stands in a text's braces
 * are tokens like all others.
 */
function tokensOf(text) {
  const tokens = [];
  let at = 0;
  let gap = false;
  const add = (kind, value) => {
    tokens.push({ kind, value, gap });
    gap = false;
  };
  const read = (inText) => {
    while (at < text.length) {
      const [blank] = /^(?:\s|#.*)*/.exec(text.slice(at));
      at += blank.length;
      gap ||= blank.length > 0;
      if (at === text.length) return;
      const word = /^(?:\d+(?:\.\d+)?(?:e-?\d+)?|\w+)/.exec(text.slice(at))?.[0];
      if (word !== undefined) {
        add("word", word);
        at += word.length;
      } else if (text[at] === '"') {
        readText();
      } else if (inText && text[at] === "}") {
        return;
      } else {
        add("sign", text[at++]);
      }
    }
  };
  const readText = () => {
    let piece = text[at++];
    for (; text[at] !== '"'; at++) {
      if (at >= text.length) throw new SetupError("a text in the recipes has no end");
      piece += text[at];
      if (text[at] !== "{") continue;
      add("text", piece);
      at++;
      read(true);
      piece = "}";
    }
    add("text", piece + text[at++]);
  };
  read(false);
  return tokens;
}

/** The functions and layers of a text: each begins at the beginning of a line. */
const definitionsOf = (text) =>
  text.split(/^(?=(?:fn|layer) )/m).filter((part) => /^\w/.test(part));

const isName = (token) => token?.kind === "word" && /^[A-Za-z_]/.test(token.value);

/** What is known inside of a definition alone, and the names that it gives arguments of other functions. */
function namesOf(tokens) {
  const locals = new Set();
  const functions = new Set();
  const given = new Set();
  const calls = []; // of the parentheses around: the function's name, or ""
  tokens.forEach((token, i) => {
    const [before, next, after] = [tokens[i - 1], tokens[i + 1], tokens[i + 2]];
    if (token.kind === "sign" && "([".includes(token.value))
      calls.push(token.value === "(" && !token.gap && isName(before) ? before.value : "");
    if (token.kind === "sign" && ")]".includes(token.value)) calls.pop();
    if (!isName(token)) return;
    const assigned = next?.value === "=" && after?.value !== "=";
    token.call = calls.at(-1);
    token.given = assigned && calls.length > 0;
    if (assigned && calls.length === 0) locals.add(token.value);
    if (token.given && !/^[A-Z]/.test(token.call)) given.add(token.value);
    if (before?.value === "for") locals.add(token.value);
    if (token.value !== "fn") return;
    if (i > 0) {
      locals.add(next.value);
      functions.add(next.value);
    }
    for (let j = i + 3; tokens[j].value !== ")"; j++)
      if (isName(tokens[j])) locals.add(tokens[j].value);
  });
  return { locals, functions, given };
}

const countOf = (lists) => {
  const counts = new Map();
  for (const list of lists) for (const name of list) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
};

/** Two letters each, none of them a word of the language or its functions. */
function* pairs(taken) {
  for (const first of kLower)
    for (const second of `${kLower}0123456789`)
      if (!taken.has(first + second) && !kKeywords.has(first + second)) yield first + second;
}

/** Groups of recipes, each group one text, as short as they can be read. */
export function minified(groups) {
  const grouped = groups.map((texts) => texts.flatMap(definitionsOf).map(tokensOf));
  const all = grouped.flat();
  const names = all.map(namesOf);
  const words = all.flatMap((tokens) => tokens.filter(isName).map(({ value }) => value));
  const short = pairs(new Set(words));

  // Names of arguments are the same everywhere, and so are functions; the most frequent ones come first.
  const given = new Map(countOf(names.map((own) => own.given)).map((name, i) => [name, kUpper[i]]));
  const shared = new Set(all.filter((t) => t[0].value === "fn").map((t) => t[1].value));
  const functions = new Map(
    countOf([words.filter((word) => shared.has(word))]).map((name) => [name, short.next().value]),
  );
  // A name has the same letter wherever that is free: the compressor sees the same idioms.
  const popular = countOf(names.map((own) => own.locals)).filter((name) => !given.has(name));
  const favourite = new Map(popular.map((name, i) => [name, kLower[i % kLower.length]]));

  const lines = all.map((tokens, i) => {
    const { locals, functions: inner } = names[i];
    const renamed = new Map();
    const letters = new Set(`${kLower}_${kUpper.slice(given.size)}`);
    for (const name of popular) {
      if (!locals.has(name)) continue;
      const wish = favourite.get(name);
      // What begins with a capital is called as an operator.
      const fits = (letter) => !inner.has(name) || !kUpper.includes(letter);
      const letter =
        [wish, ...letters].find((l) => letters.has(l) && fits(l)) ?? short.next().value;
      letters.delete(letter);
      renamed.set(name, letter);
    }
    const nameOf = ({ value, call, given: isGiven }, before, next) => {
      if (kKeywords.has(value) || before?.value === "$") return value;
      if (isGiven) return /^[A-Z]/.test(call) ? value : given.get(value);
      if (next?.value === "(" && !next.gap && !inner.has(value))
        return functions.get(value) ?? value;
      if (before?.value === "fn" && !inner.has(value)) return functions.get(value);
      if (!locals.has(value)) return value;
      return given.get(value) ?? renamed.get(value);
    };
    let out = "";
    tokens.forEach((token, j) => {
      const [before, next] = [tokens[j - 1], tokens[j + 1]];
      const opens = token.value === "[" || (token.value === "(" && !kKeywords.has(before?.value));
      const apart =
        before?.kind === "word"
          ? token.kind === "word" || opens
          : token.value === "[" && before !== undefined && /[\])"]$/.test(before.value);
      if (token.gap && apart) out += " ";
      out += isName(token) ? nameOf(token, before, next) : token.value;
    });
    return `${out}\n`;
  });
  return grouped.map(({ length }) => lines.splice(0, length).join(""));
}

export async function generateRecipes() {
  await once(
    "recipes",
    {
      inputs: ["cpp/attention", ".dev/recipes.mjs"],
      outputs: ["build/generated/recipes.ts", "build/generated/engine_recipes.inc"],
    },
    () => {
      const texts = readTexts();
      const [inEngine, others] = minified(texts);
      const write = (name, text) => writeFileSync(join(build, "generated", name), text);
      mkdirSync(join(build, "generated"), { recursive: true });
      write("engine_recipes.inc", `// Generated by .dev/recipes.mjs.\nR"heed(${inEngine})heed",\n`);
      write(
        "recipes.ts",
        `// Generated by .dev/recipes.mjs.
/** What the layers are made of, beside what the engine has; see cpp/attention/recipe.h. */
export const recipes: string = ${JSON.stringify(others)};
`,
      );
      const bytes = texts.flat().join("").length;
      say(
        `the recipes: ${bytes} bytes, ${inEngine.length} in the engine and ${others.length} beside`,
      );
    },
  );
}
