// The source files of the repository and what each of them includes or imports.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "../../.dev/run.mjs";

export interface Source {
  /** Path in the repository. */
  path: string;
  text: string;
}

/** The files that git knows or would add, below the folders. */
export function sourcesUnder(...folders: string[]): Source[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ...folders];
  const paths = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\0");
  return [...new Set(paths)]
    .filter((path) => path !== "" && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** What the lines `#include "..."` and `#include <...>` name. */
export function includesOf({ text }: Source): string[] {
  return [...text.matchAll(/^\s*#\s*include\s*["<]([^">]+)[">]/gm)].map((match) => match[1]!);
}

/** What `import`, `export ... from` and `import()` name; relative ones as paths in the repository. */
export function importsOf({ path, text }: Source): string[] {
  const code = text.replace(/\/\*.*?\*\/|^\s*\/\/.*$/gms, "");
  const names = code.matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
  return [...names].map(([, name]) =>
    name!.startsWith(".") ? relative(root, join(root, dirname(path), name!)) : name!,
  );
}
