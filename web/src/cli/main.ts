#!/usr/bin/env node
// The command line.

import { parseArgs } from "node:util";
import { HeedError, messageOf } from "../errors.ts";
import type { ImageOptions } from "../image.ts";
import { type Arguments, bench, inspect, type Report, run } from "./commands.ts";
import { UsageError } from "./inputs.ts";

const kUsage = `usage: heed inspect MODEL [--shape NAME=1x3x640x640] [--json]
       heed run MODEL --input [NAME=]FILE [--output NAME] [--attention DIR] [--save DIR] [--json]
       heed bench MODEL [--input [NAME=]FILE | --shape NAME=1x3x640x640] [--runs 20] [--json]

inspect   says what an ONNX model takes and gives, which operators it runs, which attention blocks it has, and
          how much memory it needs
run       runs it once on PNG, JPEG, NumPy (.npy) or JSON files and prints its outputs
bench     times it

  --input FILE     an input from a file; NAME= may be left out where the model has one input
  --output NAME    only that output, or an inner tensor; may be given several times
  --attention DIR  writes the map of every attention block as a picture
  --save DIR       writes the outputs as NumPy files
  --json           prints one JSON document and nothing else

For images: --size 640x480, --resize stretch|contain|cover, --order rgb|bgr, and a value becomes
(value * scale - mean) / std with --scale 0.00392157 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225.

Exit status: 0, 1 when it failed, 2 when the command is wrong.
`;

const kCommands: Readonly<Record<string, (args: Arguments) => Promise<Report>>> = {
  inspect,
  run,
  bench,
};

const kOptions = {
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  input: { type: "string", multiple: true },
  shape: { type: "string", multiple: true },
  output: { type: "string", multiple: true },
  attention: { type: "string" },
  save: { type: "string" },
  runs: { type: "string" },
  size: { type: "string" },
  resize: { type: "string" },
  order: { type: "string" },
  scale: { type: "string" },
  mean: { type: "string" },
  std: { type: "string" },
} as const;

type OptionName = keyof typeof kOptions;

const kImageOptions: readonly OptionName[] = ["size", "resize", "order", "scale", "mean", "std"];

/** The options of each command, beside --json and --help. */
const kOptionsOf: Readonly<Record<string, readonly OptionName[]>> = {
  inspect: ["shape"],
  run: ["input", "output", "attention", "save", ...kImageOptions],
  bench: ["input", "shape", "runs", ...kImageOptions],
};

type Values = ReturnType<typeof parse>["values"];

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: kOptions, allowPositionals: true });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function numberOf(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new UsageError(`--${option} needs a number, not ${text}`);
  }
  return value;
}

function three(option: string, text: string): [number, number, number] {
  const values = text.split(",").map((part) => numberOf(option, part));
  if (values.length !== 3) throw new UsageError(`--${option} needs three numbers, such as 0,0,0`);
  return values as [number, number, number];
}

function imageOptions({ size, resize, order, scale, mean, std }: Values): ImageOptions {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(size ?? "") ?? [];
  if (size !== undefined && height === undefined) {
    throw new UsageError(`--size needs width x height, such as 640x480, not ${size}`);
  }
  return {
    ...(size !== undefined && { size: { width: Number(width), height: Number(height) } }),
    ...(resize !== undefined && { resize: resize as "stretch" }),
    ...(order !== undefined && { order: order as "rgb" }),
    ...(scale !== undefined && { scale: numberOf("scale", scale) }),
    ...(mean !== undefined && { mean: three("mean", mean) }),
    ...(std !== undefined && { std: three("std", std) }),
  };
}

function argumentsOf(command: string, positionals: readonly string[], values: Values): Arguments {
  const [model, ...rest] = positionals;
  if (model === undefined) throw new UsageError(`heed ${command} needs a model file`);
  if (rest.length > 0)
    throw new UsageError(`what is "${rest[0]}"? heed ${command} takes one model file`);
  for (const name of Object.keys(values) as OptionName[]) {
    if (name !== "json" && !kOptionsOf[command]!.includes(name)) {
      throw new UsageError(`heed ${command} has no option --${name}`);
    }
  }
  const runs = numberOf("runs", values.runs ?? "20");
  if (!Number.isInteger(runs) || runs < 1)
    throw new UsageError("--runs needs a whole number from 1");
  return {
    ...{ model, json: values.json === true, runs },
    ...{ inputs: values.input ?? [], shapes: values.shape ?? [], outputs: values.output },
    ...{ attention: values.attention, save: values.save, image: imageOptions(values) },
  };
}

async function main(args: string[]): Promise<number> {
  const print = (text: string) => process.stdout.write(`${text.trimEnd()}\n`);
  const complain = (text: string) => process.stderr.write(`heed: ${text.trimEnd()}\n`);
  const json = args.includes("--json");
  const fail = (status: number, code: string, message: string) => {
    if (json) print(JSON.stringify({ error: { code, message } }));
    complain(status === 2 ? `${message} (heed --help)` : message);
    return status;
  };
  try {
    const { values, positionals } = parse(args);
    if (values.help) {
      print(kUsage);
      return 0;
    }
    const [name = "", ...rest] = positionals;
    const command = Object.hasOwn(kCommands, name) ? kCommands[name] : undefined;
    if (!command) throw new UsageError(name ? `there is no command "${name}"` : "which command?");
    const report = await command(argumentsOf(name, rest, values));
    print(json ? JSON.stringify(report.json, null, 2) : report.text);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) return fail(2, "usage", error.message);
    if (error instanceof HeedError) return fail(1, error.code, error.message);
    return fail(1, "internal", messageOf(error));
  }
}

process.exitCode = await main(process.argv.slice(2));
