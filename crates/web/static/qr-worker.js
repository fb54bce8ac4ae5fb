// Looks for a QR code in one picture after another, apart from the app: whatever a camera shows, the app goes on.
import { crashOf } from "./error.js";
import init, { read } from "./qr.js";

const ready = init({ module_or_path: new URL("./qr_bg.wasm", import.meta.url) });

self.addEventListener("message", async ({ data }) => {
  await ready;
  try {
    self.postMessage(read(data.width, data.height, new Uint8Array(data.pixels)) ?? null);
  } catch (error) {
    // The page starts another one.
    self.postMessage({ crash: crashOf(error) ?? {} });
  }
});
