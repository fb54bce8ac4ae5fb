// Keeps the app itself on the device, so that it opens without network. Nothing of what anybody writes or reads passes
// through here: every request to the server's interfaces goes straight to the network and into no cache.
const CACHE = "konsil-app";
const START = "./";

// All that the app consists of, so that it opens without network from the first visit on. A test compares the list with
// the files.
const FILES = [
  START,
  "boot.js",
  "web.js",
  "web_bg.wasm",
  "manifest.webmanifest",
  "css/base.css",
  "css/chat.css",
  "css/sheets.css",
  "css/shell.css",
  "css/tokens.css",
  "fonts/emoji.woff2",
  "fonts/inter-latin-ext.woff2",
  "fonts/inter-latin.woff2",
  "icons/icon-180.png",
  "icons/icon-192.png",
  "icons/icon-512.png",
  "icons/icon-maskable-512.png",
  "icons/icon.svg",
];

self.addEventListener("install", (event) => {
  event.waitUntil(keepAll().then(() => self.skipWaiting()));
});

// What the page has just loaded is taken from the browser's own cache, not loaded a second time.
async function keepAll() {
  const cache = await caches.open(CACHE);
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "force-cache" })));
}

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

function isOurs(request) {
  const url = new URL(request.url);
  const path = url.pathname;
  const isInterface = ["/_matrix", "/_konsil", "/.well-known", "/privacy"].some((start) => path.startsWith(start));
  return request.method === "GET" && url.origin === self.location.origin && !isInterface && url.search === "";
}

self.addEventListener("fetch", (event) => {
  if (isOurs(event.request)) event.respondWith(answer(event));
});

// The network first: a new version is there at the next start. Without network, what was there last.
async function answer(event) {
  const cache = await caches.open(CACHE);
  const key = event.request.mode === "navigate" ? new Request(START) : event.request;
  try {
    const fresh = await fetch(event.request);
    if (fresh.ok) event.waitUntil(cache.put(key, fresh.clone()));
    return fresh;
  } catch (error) {
    const kept = await cache.match(key, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
