// Which room may see which: DESIGN's one direction.
//
//   demo -> web (TypeScript) -> bindings -> formats, attention -> graph -> kernels -> simd       base: seen by all, sees none

import { importsOf, includesOf, type Source } from "./sources.ts";

/** The rooms of cpp/, each with those that it sees besides itself. */
const kSees: Record<string, readonly string[]> = {
  base: [],
  simd: ["base"],
  kernels: ["simd", "base"],
  graph: ["kernels", "simd", "base"],
  attention: ["graph", "kernels", "simd", "base"],
  formats: ["graph", "kernels", "simd", "base"],
  bindings: ["formats", "attention", "graph", "kernels", "simd", "base"],
};

/** Headers that have one door: the files that may include them. */
const kDoors: readonly { what: string; header: RegExp; door: RegExp }[] = [
  {
    what: "SIMD intrinsics",
    header: /^(wasm_simd128|[a-z]*mmintrin|immintrin|arm_neon)\.h$|^simde\//,
    door: /^cpp\/simd\//,
  },
  { what: "Emscripten", header: /^emscripten/, door: /^cpp\/bindings\// },
  { what: "xtensor", header: /^(xtensor|xtl)\//, door: /^cpp\/base\/xtensor\.h$/ },
  { what: "protozero", header: /^protozero\//, door: /^cpp\/formats\// },
  {
    what: "streams and regular expressions",
    header: /^(iostream|ostream|istream|iomanip|sstream|fstream|streambuf|syncstream|regex)$/,
    door: /^never$/,
  },
];

const roomOf = (path: string) => /^cpp\/([^/]+)\//.exec(path)?.[1];

/** What is wrong with the include lines, a sentence each. */
export function wrongIncludes(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const room = roomOf(source.path);
    if (room === undefined) return [];
    const sees = kSees[room];
    if (sees === undefined) return [`${source.path}: no room of the design is called ${room}`];
    return includesOf(source).flatMap((header) => {
      const other = header.split("/")[0]!;
      if (other in kSees && other !== room && !sees.includes(other)) {
        return [`${source.path} includes ${header}: ${room} may not see ${other}`];
      }
      return kDoors
        .filter((rule) => rule.header.test(header) && !rule.door.test(source.path))
        .map(({ what }) => `${source.path} includes ${header}: ${what} have a door of their own`);
    });
  });
}

/** Modules that the build generates for web/src, and for it alone. */
const kGenerated = /^heed\/(engine|worker|layer-kinds|recipes)$/;

/** What is wrong with the imports of web/ and demo/, a sentence each. */
export function wrongImports(
  sources: readonly Source[],
  dependencies: readonly string[],
): string[] {
  const allowed = {
    web: (name: string, path: string) =>
      name.startsWith("web/") ||
      kGenerated.test(name) ||
      name.startsWith("node:") ||
      // The command line's image decoders are bundled into it alone.
      (path.startsWith("web/src/cli/") && dependencies.includes(packageOf(name))),
    demo: (name: string) =>
      name.startsWith("demo/") ||
      (/^heed(\/|$)/.test(name) && !kGenerated.test(name)) ||
      name.startsWith("node:") ||
      dependencies.includes(packageOf(name)),
  };
  return sources.flatMap((source) => {
    const room = source.path.split("/")[0] as keyof typeof allowed;
    return importsOf(source)
      .filter((name) => !allowed[room]?.(name, source.path))
      .map((name) => `${source.path} imports ${name}`);
  });
}

/** The npm package that an import names. */
const packageOf = (name: string) => /^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name;
