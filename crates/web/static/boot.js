// Starts the app. Its own file, because the Content-Security-Policy allows no inline script.
import "./crash.js";

const preferred = (() => {
  try { return localStorage.getItem("konsil.theme"); } catch { return null; }
})();
if (preferred === "light" || preferred === "dark") document.documentElement.dataset.theme = preferred;

const german = (() => {
  try { return (localStorage.getItem("konsil.language") ?? navigator.language).startsWith("de"); } catch { return true; }
})();
const hint = document.getElementById("boot-hint");
if (!german) {
  document.documentElement.lang = "en";
  hint.textContent = "Opening …";
}

try {
  const { default: init } = await import("./web.js");
  await init({ module_or_path: new URL("./web_bg.wasm", import.meta.url) });
} catch (error) {
  hint.textContent = german
    ? "Konsil konnte nicht geöffnet werden. Bitte die Seite neu laden. Hilft das nicht: Browser aktualisieren."
    : "Konsil could not be opened. Please reload the page. If that does not help, update the browser.";
  console.error("start failed", error);
}

if ("serviceWorker" in navigator && isSecureContext) {
  navigator.serviceWorker.register("./sw.js", { type: "module" }).catch(() => {});
}
