// Draws the pages of one PDF document, or takes out what its file says beside them, apart from the app: whatever a document does to it, the
// app can end it.
import { crashOf } from "./error.js";
import init, { Cleaned, Document } from "./pdf.js";

const ready = init({ module_or_path: new URL("./pdf_bg.wasm", import.meta.url) });
let opened;

self.addEventListener("message", async ({ data }) => {
  try {
    await ready;
    if (data.open) {
      opened = new Document(new Uint8Array(data.open));
      self.postMessage({ sizes: opened.sizes() });
      return;
    }
    if (data.clean) {
      // Read and put together here: the app's own memory does not hold the file.
      const cleaned = new Cleaned(new Uint8Array(await data.clean.arrayBuffer()));
      const { as_it_is: asItIs, kinds, stays, cut, attached } = cleaned;
      const bytes = cleaned.take();
      const file = bytes && new Blob([bytes], { type: "application/pdf" });
      self.postMessage({ file, asItIs, kinds, stays, cut, attached });
      return;
    }
    const drawn = opened.draw(data.page, data.width);
    const pixels = drawn.take();
    self.postMessage({ width: drawn.width, height: drawn.height, pixels: pixels.buffer }, [pixels.buffer]);
    drawn.free();
  } catch (error) {
    // Words of our own come as texts; all else is the document's fault.
    self.postMessage({ failed: typeof error === "string" ? error : "damaged", crash: crashOf(error) });
  }
});
