// The key, where lwd asks for one: kept for this tab, sent with every request.

const NAME = "lwd-key";

const dialog = document.querySelector("#key-dialog");
const field = document.querySelector("#key");
const fault = document.querySelector("#key-fault");

let asked = null; // a promise of a key, while somebody types it

export function key() {
  return sessionStorage.getItem(NAME) ?? "";
}

// A request to lwd with the key; where it will not do, another is asked for until one does.
export async function ask(path) {
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

export function askOnce(path) {
  const headers = key() ? { Authorization: `Token ${key()}` } : {};
  return fetch(path, { headers, cache: "no-store" });
}

// Asks for a key, with what was wrong with the last one; resolves when one was typed.
export function typed(wrong) {
  asked ??= new Promise((resolve) => {
    fault.textContent = wrong;
    fault.hidden = !wrong;
    dialog.oncancel = (event) => event.preventDefault();
    dialog.onclose = () => {
      sessionStorage.setItem(NAME, field.value.trim());
      field.value = "";
      asked = null;
      resolve();
    };
    dialog.showModal();
  });
  return asked;
}
