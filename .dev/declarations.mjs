// Type declarations of the package, for ES modules (.d.ts) and for CommonJS (.d.cts).

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { build, root, SetupError } from "./run.mjs";

/** Writes <name>.d.ts and <name>.d.cts to `out` for each entry (name -> source file), and what they refer to, to out/types. */
export function writeDeclarations(entries, out) {
  const emitted = emit(Object.values(entries));
  const wanted = new Map(); // Source path without its ending -> path below types/, for what the entries reach.
  const visit = (base) => {
    if (wanted.has(base)) return;
    if (!emitted.has(base))
      throw new SetupError(`the declarations refer to ${base}, which is not part of the package`);
    wanted.set(base, relative(base.startsWith(build) ? build : join(root, "web/src"), base));
    for (const [, , specifier] of emitted.get(base).matchAll(kSpecifier))
      visit(resolve(base, specifier));
  };
  for (const file of Object.values(entries)) visit(withoutEnding(file));

  for (const [ending, suffix] of [
    ["js", "d.ts"],
    ["cjs", "d.cts"],
  ]) {
    const write = (path, text) => {
      mkdirSync(dirname(join(out, path)), { recursive: true });
      writeFileSync(join(out, path), text);
    };
    for (const [base, path] of wanted) {
      const text = emitted.get(base).replace(kSpecifier, (_, before, specifier, after) => {
        const target = relative(dirname(path), wanted.get(resolve(base, specifier)));
        return `${before}${target.startsWith(".") ? "" : "./"}${target}.${ending}${after}`;
      });
      write(join("types", `${path}.${suffix}`), text);
    }
    for (const [name, file] of Object.entries(entries)) {
      write(
        `${name}.${suffix}`,
        `export * from "./types/${wanted.get(withoutEnding(file))}.${ending}";\n`,
      );
    }
  }
}

/** Imports of our own files: relative ones, and those that tsconfig.json maps (heed/engine). */
const kSpecifier = /((?:from|import\() ?")(\.{1,2}\/[^"]+|heed\/[^"]+)("\)?)/g;

const withoutEnding = (path) => path.replace(/(\.d)?\.m?ts$|\.m?js$/, "");

function compilerOptions() {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  return ts.convertCompilerOptionsFromJson(config.compilerOptions, root).options;
}

function resolve(from, specifier) {
  const { resolvedModule } = ts.resolveModuleName(
    specifier,
    `${from}.ts`,
    compilerOptions(),
    ts.sys,
  );
  return withoutEnding(resolvedModule?.resolvedFileName ?? join(dirname(from), specifier));
}

/** Declarations of all files that the entries use: source path without its ending -> text. */
function emit(files) {
  const program = ts.createProgram(files, {
    ...compilerOptions(),
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    stripInternal: true,
    rootDir: root,
    outDir: root,
  });
  const emitted = new Map();
  const { diagnostics } = program.emit(undefined, (path, text) =>
    emitted.set(withoutEnding(path), text),
  );
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    const host = {
      getCanonicalFileName: (path) => path,
      getCurrentDirectory: () => root,
      getNewLine: () => "\n",
    };
    process.stderr.write(ts.formatDiagnostics(problems, host));
    throw new SetupError("the TypeScript sources of the package have errors");
  }
  // Declarations that are there already (the engine's) are taken as they are.
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile && file.fileName.startsWith(build))
      emitted.set(withoutEnding(file.fileName), file.text);
  }
  return emitted;
}
