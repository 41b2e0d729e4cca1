// Records what the pipeline reads when ONNX Runtime Web runs the networks: expected.json, the text
// of every sample, line by line. The networks err here and there (they drop spaces between words,
// for one); heed must err in the same way. By hand: node tests/demo/record-expected.mjs
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import * as ort from "onnxruntime-web/wasm";
import { heedEntry, inRepository, networkFolder } from "../../demo/heed-package.mjs";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const kSamples = ["receipt", "street-sign", "page", "mixed", "upside-down"];

/** A network with the part of heed's interface that the pipeline uses, run by ONNX Runtime Web. */
async function loadOrt(file) {
  const session = await ort.InferenceSession.create(await readFile(join(networkFolder, file)));
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  return {
    inputs: [{ name: input }],
    outputs: [{ name: output }],
    async run({ [input]: x }) {
      const result = await session.run({ [input]: new ort.Tensor(x.dtype, x.data, x.shape) });
      return { outputs: { [output]: { data: result[output].data, shape: result[output].dims } } };
    },
  };
}

async function loadPipeline() {
  const outfile = inRepository("build/record-expected.mjs");
  const files = ["pipeline/reader", "pipeline/ctc", "pipeline/network-files", "cli/decode-image"];
  const contents = files.map((file) => `export * from "./${file}";`).join("\n");
  await build({
    stdin: { contents, resolveDir: inRepository("demo/src"), loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    alias: { heed: heedEntry() },
  });
  return import(outfile);
}

const { readImage, parseDictionary, decodeImage, kNetworkFiles, kDictionaryFile } =
  await loadPipeline();
const networks = {
  detect: await loadOrt(kNetworkFiles.detect),
  direction: await loadOrt(kNetworkFiles.direction),
  recognise: await loadOrt(kNetworkFiles.recognise),
};
const dictionary = parseDictionary(await readFile(join(networkFolder, kDictionaryFile), "utf8"));

const expected = {};
for (const name of kSamples) {
  const image = decodeImage(await readFile(inRepository(`demo/samples/${name}.jpg`)));
  const { lines } = await readImage(networks, dictionary, image);
  expected[name] = lines.map(({ text }) => text);
  console.log(`${name}: ${lines.length} lines`);
}
await writeFile(
  new URL("expected.json", import.meta.url),
  `${JSON.stringify(expected, null, 2)}\n`,
);
