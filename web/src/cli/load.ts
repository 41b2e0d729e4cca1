import { dirname, join, normalize } from "node:path";
import { embeddedEngine } from "../engine/embedded.ts";
import { HeedError } from "../errors.ts";
import { loadModelWith } from "../load-model.ts";
import type { Model } from "../model.ts";

/** Loads a model file, and the files beside it in which it keeps weights. */
export async function load(path: string): Promise<Model> {
  try {
    return await loadModelWith(embeddedEngine, "", path, {});
  } catch (error) {
    if (!(error instanceof HeedError && error.code === "missing-external-data")) throw error;
    // The message names the files; each belongs into the model's folder.
    const names = [...error.message.matchAll(/'([^']+)'/g)].map((match) => match[1]!);
    if (names.length === 0 || names.some((name) => normalize(name).startsWith(".."))) throw error;
    const externalData = Object.fromEntries(names.map((name) => [name, join(dirname(path), name)]));
    return loadModelWith(embeddedEngine, "", path, { externalData });
  }
}
