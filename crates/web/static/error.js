// What may be said of an error (I.k): its kind, and where in the app's own files it was. Of what the browser says about it only the name of a
// file that is one of these, and numbers, are taken: whatever an error's words hold stays where it is.
const FILES = ["boot.js", "web.js", "web_bg.wasm", "pdf.js", "pdf_bg.wasm", "pdf-worker.js", "qr.js", "qr_bg.wasm", "qr-worker.js"];

export const UNKNOWN = "unknown";

export function placeIn(error) {
  for (const line of String(error?.stack ?? "").split("\n")) {
    const inModule = line.match(/\/([a-z_]+\.wasm):wasm-function\[([0-9]{1,9})\]:0x([0-9a-f]{1,8})/);
    if (inModule && FILES.includes(inModule[1])) return `${inModule[1]} function ${inModule[2]} 0x${inModule[3]}`;
    const inScript = line.match(/\/([a-z_-]+\.js):([0-9]{1,9}):([0-9]{1,9})\)?$/);
    if (inScript && FILES.includes(inScript[1])) return `${inScript[1]}:${inScript[2]}:${inScript[3]}`;
  }
  return UNKNOWN;
}

export function isTrap(error) {
  return error instanceof WebAssembly.RuntimeError;
}

export function kindOf(error) {
  if (isTrap(error)) return "trap";
  if (error instanceof TypeError) return "type error";
  return error instanceof RangeError ? "range error" : "error";
}

// For workers, which have no place to note it.
export function crashOf(error) {
  return isTrap(error) ? { kind: kindOf(error), place: placeIn(error) } : undefined;
}
