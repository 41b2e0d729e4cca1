import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { openSource } from "../../web/src/source.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test("a response that is read only after a while is read whole, although nobody holds it", async () => {
  const server = createServer((_, response) => response.end(Buffer.alloc(100_000)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const { chunks } = await openSource(`http://127.0.0.1:${port}/`, undefined);
  for (let i = 0; i < 10; ++i) {
    await setTimeout(10);
    collectGarbage();
  }
  let length = 0;
  for await (const chunk of chunks) length += chunk.length;
  server.close();
  expect(length).toBe(100_000);
});
