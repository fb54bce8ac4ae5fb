// Keeps the app itself on the device, so that it opens without network, and shows that something came while it is closed.
// Nothing of what anybody writes or reads passes through here: every request to the server's interfaces goes straight to the
// network and into no cache, and a push carries a class and opaque ids.
const START = "./";

// Written by the bundler: which bundle this is, and the SHA-256 of each file that belongs to it.
const BUNDLE = { id: "development", files: {} };

// Each bundle has a cache of its own, so that a new one is there as a whole before it takes the place of the old one.
const CACHES = "konsil-app";
const CACHE = `${CACHES}-${BUNDLE.id}`;

// All that the app consists of, so that it opens without network from the first visit on. A test compares the list with
// the files.
const FILES = [
  START,
  "boot.js",
  "crash.js",
  "error.js",
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

// Each person on a device has a worker at a place of their own, for their push address alone; that of the page is the first person's.
const PLACE = new URL(self.registration.scope).pathname.match(/\/person\/([0-9a-f]+)\/$/)?.[1] ?? "";
// Their workers lie two folders below the app.
const APP = new URL(PLACE ? "../../" : "./", self.registration.scope).href;

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

// The first worker, and one that only wakes somebody's device, is there at once. A new version waits beside the old one until the page
// says that whoever writes has agreed (`update`), or that nobody does anything just now (`update-unseen`).
async function install() {
  const isNew = Boolean(self.registration.active);
  if (!PLACE) await keepAll();
  if (PLACE || !isNew) await self.skipWaiting();
}

async function keepAll() {
  const cache = await caches.open(CACHE);
  await Promise.all(FILES.map((file) => keep(cache, file)));
}

// What is the same as before is taken from there; what the page has just loaded from the browser's own cache; else from the server.
// It has to be what belongs to this version: while the server's files change, the whole installation is put off.
async function keep(cache, file) {
  const sources = [
    () => caches.match(file, { ignoreVary: true }),
    () => fetch(file, { cache: "force-cache" }),
    () => fetch(file, { cache: "reload" }),
  ];
  for (const source of sources) {
    const response = await source();
    if (response?.ok && (await belongs(file, response.clone()))) return cache.put(file, response);
  }
  throw new Error(`${file} is of another version`);
}

async function belongs(file, response) {
  const expected = BUNDLE.files[file];
  if (!expected) return BUNDLE.id === "development";
  const digest = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return expected === Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOlder().then(() => self.clients.claim()));
});

async function forgetOlder() {
  if (PLACE) return;
  const names = await caches.keys();
  const isOlder = (name) => name !== CACHE && (name === CACHES || name.startsWith(`${CACHES}-`));
  await Promise.all(names.filter(isOlder).map((name) => caches.delete(name)));
}

// How often, and how far apart, it is looked whether only one page is open.
const LOOKS = 20;
const LOOK_MS = 250;

// All tabs go to the new version together: when it takes over, each page loads itself anew.
async function update(isUnseen) {
  // A page that is being loaded anew is counted for a moment beside the one that takes its place.
  for (let looks = 0; isUnseen && (await pages()).length > 1; looks += 1) {
    if (looks === LOOKS) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await self.skipWaiting();
}

function isOurs(request) {
  const url = new URL(request.url);
  const path = url.pathname;
  const isInterface = ["/_matrix", "/_konsil", "/.well-known", "/privacy"].some((start) => path.startsWith(start));
  return request.method === "GET" && url.origin === self.location.origin && !isInterface && url.search === "";
}

self.addEventListener("fetch", (event) => {
  if (isOurs(event.request)) event.respondWith(answer(event));
});

// What is kept comes first: all of it is of one version, and the app opens at once and without network. A new version comes as a new worker.
async function answer(event) {
  const cache = await caches.open(CACHE);
  const isPage = event.request.mode === "navigate";
  const kept = await cache.match(isPage ? START : event.request, { ignoreVary: true });
  if (kept) return kept;
  const fresh = await fetch(event.request);
  // What is kept when it is first used.
  const file = event.request.url.slice(APP.length);
  if (!isPage && fresh.ok) {
    const copy = fresh.clone();
    event.waitUntil(belongs(file, copy.clone()).then((does) => does && cache.put(event.request, copy)));
  }
  return fresh;
}

// Waking this device (J.9). What has to be told to the server goes through an open page: no access token lies within the worker's
// reach. If no page is open, the token that a push brings is lost; the next start of the app sees that and asks for another.

// Fixed by the class: no name, no chat and no content is ever in a notification.
const WORDS = {
  de: {
    message: ["Neue Nachricht", "Zum Lesen Konsil öffnen."],
    urgent: ["Dringend", "Eine dringende Nachricht wartet in Konsil."],
    check: ["Mitteilungen kommen an", "Dieses Gerät sagt Bescheid, wenn eine Nachricht kommt."],
    renew: ["Bitte Konsil öffnen", "Danach kommen Mitteilungen hier wieder an."],
  },
  en: {
    message: ["New message", "Open Konsil to read it."],
    urgent: ["Urgent", "An urgent message waits in Konsil."],
    check: ["Notifications arrive", "This device tells you when a message comes."],
    renew: ["Please open Konsil", "Then notifications arrive here again."],
  },
};

// What the page has told: the language and how much is unread. Nothing else is kept.
const STATE = PLACE ? `konsil-state-${PLACE}` : "konsil-state";
const KEPT_AS = "./state";

// How long a page may take to answer; one that the system has put to sleep hears it when it wakes.
const PATIENCE_MS = 1000;

let changes = Promise.resolve();

// One change after the other; gives the state as it then is.
function change(apply) {
  changes = changes.catch(() => {}).then(async () => {
    const cache = await caches.open(STATE);
    const kept = await cache.match(KEPT_AS);
    const lang = self.navigator.language.toLowerCase().startsWith("de") ? "de" : "en";
    const before = { lang, unread: 0, ...(kept ? await kept.json() : {}) };
    const after = { ...before, ...apply(before) };
    await cache.put(KEPT_AS, new Response(JSON.stringify(after)));
    return after;
  });
  return changes;
}

function pages() {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

// Hands something to the page that is signed in, and gives that page; nothing if none answers. A tab that waits for its turn does not.
async function tell(message) {
  const open = await pages();
  if (open.length === 0) return undefined;
  const heard = open.map((page) => new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => resolve(page);
    page.postMessage({ ...message, place: PLACE }, [port2]);
  }));
  return Promise.race([...heard, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

async function show(kind, options) {
  const { lang } = await change(() => ({}));
  const [title, body] = (WORDS[lang] ?? WORDS.de)[kind];
  await self.registration.showNotification(title, {
    body, lang, icon: `${APP}icons/icon-192.png`, badge: `${APP}icons/icon-192.png`, data: {}, ...options,
  });
}

function badge(count) {
  const set = count > 0 ? self.navigator.setAppBadge?.(count) : self.navigator.clearAppBadge?.();
  return Promise.resolve(set).catch(() => {});
}

function read(data) {
  try { return data.json() ?? {}; } catch { return {}; }
}

self.addEventListener("push", (event) => {
  event.waitUntil(pushed(read(event.data)));
});

// Every push shows a notification: browsers take the permission away from those who stay silent.
async function pushed(push) {
  if (typeof push.ack_token === "string") {
    await show("check", { tag: "konsil-check", silent: true });
    await tell({ konsil: "acknowledge", token: push.ack_token });
    return;
  }
  const isUrgent = push.class === "urgent";
  await show(isUrgent ? "urgent" : "message", {
    tag: push.event_id ?? "konsil", renotify: true, requireInteraction: isUrgent,
    data: { room_id: push.room_id, event_id: push.event_id },
  });
  // An open page counts by itself.
  if (await tell({ konsil: "woken" })) return;
  const { unread } = await change((state) => ({ unread: state.unread + 1 }));
  await badge(unread);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.room_id));
});

// Shows the chat in the page that is open; opens the app there if none is.
async function open(room) {
  const address = room ? `${APP}#/chat/${encodeURIComponent(room)}` : APP;
  const signedIn = await tell({ konsil: "open", room });
  // The app as somebody else on this device has it is left alone.
  const isApp = (page) => page.url.split("#")[0] === APP;
  const page = signedIn ?? (await tell({ konsil: "for-whom" })) ?? (await pages()).find((page) => !isApp(page));
  if (!page) return self.clients.openWindow(address);
  // Both may be refused, for example to a page that was loaded before this worker; the other is still of use.
  await page.focus().catch(() => {});
  if (!signedIn) await page.navigate(address).catch(() => {});
}

self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event.oldSubscription, event.newSubscription));
});

// The push service has given this browser another address. The page tells the server, or is opened for that.
async function renew(old, fresh) {
  const applicationServerKey = old?.options?.applicationServerKey;
  if (!fresh && applicationServerKey) {
    await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }).catch(() => {});
  }
  if (!(await tell({ konsil: "subscription" }))) await show("renew", { tag: "konsil-renew" });
}

self.addEventListener("message", (event) => {
  const { konsil, lang, unread, room } = event.data ?? {};
  if (konsil === "state") event.waitUntil(follow(lang, unread, room));
  if (konsil === "end") event.waitUntil(end());
  if (konsil === "clear") event.waitUntil(clear());
  if (konsil === "update") event.waitUntil(update(false));
  if (konsil === "update-unseen") event.waitUntil(update(true));
});

// What was read needs no notification any more.
async function follow(lang, unread, room) {
  await change(() => ({ lang, unread }));
  for (const shown of await self.registration.getNotifications()) {
    const isOfRoom = shown.data?.room_id !== undefined;
    if (isOfRoom && (unread === 0 || shown.data.room_id === room)) shown.close();
  }
  await badge(unread);
}

// Somebody else comes: nothing of the one before is shown.
async function clear() {
  for (const shown of await self.registration.getNotifications()) shown.close();
  await badge(0);
}

// Somebody has signed out: nothing of theirs stays.
async function end() {
  await clear();
  await caches.delete(STATE);
}
