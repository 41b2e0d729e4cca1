import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readLayers } from "../../.dev/layers.mjs";
import { root } from "../../.dev/run.mjs";

const read = (path: string) => readFileSync(join(root, path), "utf8");
const readme = read("README.md");
const { scripts, version } = JSON.parse(read("package.json"));

describe("the README", () => {
  test("names every npm script, and no other", () => {
    const named = [...readme.matchAll(/\bnpm (?:run )?(start|test|(?<=run )\w+)/g)].map(
      (match) => match[1],
    );
    expect([...new Set(named)].sort()).toEqual(Object.keys(scripts).sort());
  });

  test("maps every room, and no folder that is not there", () => {
    const mapped = [...readme.matchAll(/^\| `([a-z/]+)` \|/gm)].map((match) => match[1]!);
    expect(mapped.filter((folder) => !existsSync(join(root, folder)))).toEqual([]);
    const rooms = ["base", "simd", "kernels", "graph", "attention", "formats", "bindings"];
    expect(mapped).toEqual([...rooms.map((room) => `cpp/${room}`), "web", "demo", "tests"]);
  });
});

test("the README lists every layer of attention, by family, and no other", () => {
  const list = /<!-- layers -->(.*)<!-- \/layers -->/s.exec(readme)![1]!;
  const listed = [...list.matchAll(/^- ([^:]+):((?:(?!\n- ).)*)/gms)].map(([, family, names]) => [
    family,
    [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name!).sort(),
  ]);
  const around = "What stands around attention";
  const families: Record<string, string[]> = {};
  for (const { kind, name, family } of readLayers()) {
    const title = kind === "HybridAttention" ? "Hybrids of them" : family;
    if (title !== around) families[title] = [...(families[title] ?? []), name].sort();
  }
  expect(Object.fromEntries(listed)).toEqual(families);
});

test("the changelog has the package's version", () => {
  expect(read("CHANGELOG.md")).toContain(`## [${version}]`);
});

test("the README and the changelog name the operator sets that the reader takes", () => {
  const bounds = ["kFirstOpset", "kLastOpset"].map(
    (name) => new RegExp(`${name} = (\\d+)`).exec(read("cpp/formats/onnx.h"))![1],
  );
  for (const path of ["README.md", "CHANGELOG.md"]) {
    expect(read(path)).toContain(`perator sets ${bounds.join(" to ")}`);
  }
});
