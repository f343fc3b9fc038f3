// The key, where lwd asks for one: kept for this tab, sent with every request.

const NAME = "lwd-key";

// What a sub-protocol may hold, in which a key goes with a stream (RFC 9110, 5.6.2).
const USABLE = /^[\w!#$%&'*+.^`|~-]+$/;

const dialog = document.querySelector("#key-dialog");
const form = document.querySelector("#key-form");
const field = document.querySelector("#key");
const fault = document.querySelector("#key-fault");

const UNUSABLE =
  "No browser can send this key: it holds something besides letters of English, digits and" +
  " !#$%&'*+-.^_`|~. Copy it once more, or have one made with lwd keys add.";

let wanted = null; // a promise of whether lwd asks for a key
let asked = null; // a promise of a key, while somebody types it

// The key that was typed; empty without one that a browser can send.
export function key() {
  const kept = sessionStorage.getItem(NAME) ?? "";
  return USABLE.test(kept) ? kept : "";
}

// A request to lwd with the key; where it will not do, another is asked for until one does.
// Without one nothing is asked that needs one: lwd would count that as somebody who guesses.
export async function ask(path) {
  if (!key() && (await isWanted())) {
    await typed();
  }
  for (;;) {
    const used = key();
    const response = await askOnce(path);
    if (response.status !== 401) {
      return response;
    }
    const { err_code: code, err_msg: message } = await response.json();
    await typed(used && `lwd does not take this key: ${message} (401 ${code})`);
  }
}

// As /readyz tells whoever asks.
function isWanted() {
  wanted ??= askOnce("/readyz").then(
    ({ headers }) => headers.get("lwd-key") === "required",
    () => false, // what is asked next fails too, and tells of it
  );
  return wanted;
}

export function askOnce(path) {
  const headers = key() ? { Authorization: `Token ${key()}` } : {};
  return fetch(path, { headers, cache: "no-store" });
}

// Asks for a key, with what was wrong with the last one, if there was; resolves when one was typed.
export function typed(wrong = "") {
  asked ??= new Promise((resolve) => {
    complain(wrong);
    dialog.oncancel = (event) => event.preventDefault();
    form.onsubmit = (event) => {
      const given = field.value.trim();
      if (!USABLE.test(given)) {
        event.preventDefault();
        complain(given ? UNUSABLE : "Type a key.");
        return;
      }
      // The event `close` may come long after the dialog is gone.
      sessionStorage.setItem(NAME, given);
      field.value = "";
      asked = null;
      resolve();
    };
    dialog.showModal();
  });
  return asked;
}

function complain(wrong) {
  fault.textContent = wrong;
  fault.hidden = !wrong;
}
