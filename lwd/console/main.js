// Puts the page together: the two views, files dropped on it, and how lwd is.

import { Code } from "./code.js";
import { $ } from "./dom.js";
import { ask, askOnce } from "./key.js";
import { Operations } from "./operations.js";
import { Options } from "./options.js";
import { explain } from "./refusal.js";
import { Speech } from "./speech.js";

const HEALTH_EVERY_MS = 5000;

const options = new Options($("#options"));
const speech = new Speech(options, showHealth);
const code = new Code(options);
const operations = new Operations();
const tabs = [...document.querySelectorAll("[role=tab]")];

// Shows a view, which can be gone back from.
function go(tab) {
  if (tab.getAttribute("aria-selected") !== "true") {
    const view = tab.getAttribute("aria-controls");
    history.pushState(null, "", view === "speech" ? location.pathname : `#${view}`);
    choose(tab);
  }
}

function chosen() {
  return location.hash === "#operations" ? $("#tab-operations") : $("#tab-speech");
}

function choose(tab) {
  for (const one of tabs) {
    const isChosen = one === tab;
    one.setAttribute("aria-selected", String(isChosen));
    one.tabIndex = isChosen ? 0 : -1;
    $(`#${one.getAttribute("aria-controls")}`).hidden = !isChosen;
  }
  return tab.id === "tab-operations" ? operations.start() : operations.stop();
}

function walk(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step) {
    const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
    next.focus();
    go(next);
  }
}

async function showHealth() {
  let text = "lwd does not answer";
  let isWell = false;
  try {
    const [status, ready] = await Promise.all([askOnce("/v1/status"), askOnce("/readyz")]);
    const { system_health: health, active_stream_requests: open } = await status.json();
    // Deepgram's API has another word for ready once a stream has been served.
    const word = health === "Healthy" ? "Ready" : health;
    const hasRoom = ready.headers.get("lwd-free-streams") !== "0";
    const state = ready.ok ? (hasRoom ? word : "Full") : `Takes no new streams: ${(await ready.text()).trim()}`;
    text = open ? `${state}, ${open} ${open === 1 ? "stream" : "streams"}` : state;
    isWell = state === "Ready";
  } catch {
    // What it says then is above.
  }
  if ($("#health").textContent !== text) {
    $("#health").textContent = text;
  }
  $("#health").classList.toggle("well", isWell);
}

async function offerModels() {
  const asking = ask("/v1/models");
  const response = await asking.catch(() => null);
  if (response?.ok) {
    options.offer(await response.json());
  } else {
    speech.refuse(await explain(asking));
  }
}

function takeFiles() {
  const drop = $("#drop");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.firstElementChild.textContent = speech.isRunning
      ? "Stop the stream that runs, then drop it"
      : "Drop it, and lwd hears it";
    drop.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    drop.hidden = event.relatedTarget === null;
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.hidden = true;
    go($("#tab-speech"));
    speech.hear([...event.dataTransfer.files]);
  });
}

for (const tab of tabs) {
  tab.addEventListener("click", () => go(tab));
  tab.addEventListener("keydown", walk);
}
takeFiles();
showHealth();
setInterval(showHealth, HEALTH_EVERY_MS);
if (matchMedia("(max-width: 60rem)").matches) {
  $("#options details").open = false;
}
addEventListener("popstate", () => choose(chosen()));
choose(chosen());
await offerModels();
code.show();
