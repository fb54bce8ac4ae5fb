// Keeps the app itself on the device, so that it opens without network, and shows that something came while it is closed.
// Nothing of what anybody writes or reads passes through here: every request to the server's interfaces goes straight to the
// network and into no cache, and a push carries a class and opaque ids.
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
const STATE = "konsil-state";
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
    page.postMessage(message, [port2]);
  }));
  return Promise.race([...heard, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

async function show(kind, options) {
  const { lang } = await change(() => ({}));
  const [title, body] = (WORDS[lang] ?? WORDS.de)[kind];
  await self.registration.showNotification(title, {
    body, lang, icon: "icons/icon-192.png", badge: "icons/icon-192.png", data: {}, ...options,
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
  const address = room ? `./#/chat/${encodeURIComponent(room)}` : "./";
  const signedIn = await tell({ konsil: "open", room });
  const page = signedIn ?? (await pages())[0];
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

// Somebody has signed out: nothing of theirs stays.
async function end() {
  for (const shown of await self.registration.getNotifications()) shown.close();
  await badge(0);
  await caches.delete(STATE);
}
