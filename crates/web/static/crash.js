// Notes a crash of the app on this device until the person is asked (I.k). Nothing is sent from here. In JavaScript, because the app itself may be
// what has ended.
import { UNKNOWN, isTrap, kindOf, placeIn } from "./error.js";

const KEPT = "konsil.crash";

// What the app does not outlast.
const ENDS = ["panic", "trap"];

// The hospital takes reports, as it was last known, and the person has not switched them off.
function isWanted() {
  try {
    return JSON.parse(localStorage.getItem("konsil.hospital")).crash_reports === true && localStorage.getItem("konsil.crash-reports") !== "never";
  } catch {
    return false;
  }
}

let isNoted = false;

// The first of a page: what comes after it follows from it.
function note(part, kind, place) {
  if (isNoted || !isWanted()) return;
  isNoted = true;
  const version = document.querySelector("meta[name=konsil-version]").content;
  try { localStorage.setItem(KEPT, JSON.stringify({ version, part, kind, place })); } catch { /* There is no room: then nobody is asked. */ }
  // While the app goes on it asks at once, else at its next start.
  if (part !== "app" || !ENDS.includes(kind)) dispatchEvent(new Event("konsil-crash"));
}

// A page that does nothing any more is worse than one that says so. A dialog: others may be open.
function sayItHasEnded() {
  if (document.getElementById("ended")) return;
  const german = document.documentElement.lang !== "en";
  const make = (name, fields) => Object.assign(document.createElement(name), fields);
  const ended = make("dialog", { id: "ended", className: "ended" });
  ended.setAttribute("aria-labelledby", "ended-title");
  ended.addEventListener("cancel", (event) => event.preventDefault());
  const again = make("button", { type: "button", className: "button primary wide", textContent: german ? "Neu öffnen" : "Open again" });
  again.dataset.testid = "ended-again";
  again.addEventListener("click", () => location.reload());
  ended.append(
    make("h1", { id: "ended-title", textContent: german ? "Konsil ist unerwartet beendet worden" : "Konsil has ended unexpectedly" }),
    make("p", { textContent: german ? "Entwürfe und wartende Nachrichten bleiben auf diesem Gerät." : "Drafts and waiting messages stay on this device." }),
    again,
  );
  document.body.append(ended);
  ended.showModal();
}

function noted(error) {
  if (!(error instanceof Error)) return;
  const place = placeIn(error);
  // What lies in none of the app's own files is none of its crashes.
  if (place !== UNKNOWN) note("app", kindOf(error), place);
  if (isTrap(error)) sayItHasEnded();
}

addEventListener("error", (event) => noted(event.error));
addEventListener("unhandledrejection", (event) => noted(event.reason));

// The app itself knows more of its ends.
globalThis.konsilCrash = note;
