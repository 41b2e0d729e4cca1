// Keeps the page, the engine and the networks for use without a connection.
// The build replaces VERSION (a hash of all files) and FILES (their paths).
declare const VERSION: string;
declare const FILES: readonly string[];

/** The part of the service worker's interface that this file uses. */
interface Worker {
  addEventListener(
    type: "install" | "activate" | "fetch",
    listener: (event: WorkerEvent) => void,
  ): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
}

interface WorkerEvent {
  request: Request;
  waitUntil(work: Promise<unknown>): void;
  respondWith(response: Promise<Response>): void;
}

const worker = self as unknown as Worker;
const kCache = `heed-${VERSION}`;

async function install(): Promise<void> {
  const cache = await caches.open(kCache);
  await cache.addAll(FILES);
  await worker.skipWaiting();
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("heed-") && name !== kCache);
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

/** The page itself from the network while there is one, so that it is never out of date. */
async function respond(request: Request): Promise<Response> {
  const cache = await caches.open(kCache);
  if (request.mode === "navigate") {
    try {
      return await fetch(request);
    } catch {
      return (
        (await cache.match(request, { ignoreSearch: true })) ??
        (await cache.match("./")) ??
        Response.error()
      );
    }
  }
  return (await cache.match(request)) ?? fetch(request);
}

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && new URL(url).origin === location.origin)
    event.respondWith(respond(event.request));
});
