// What is chosen in the form, as query parameters; and what may be chosen, as lwd tells it.
// This tab keeps it when its page is loaded anew.

import { h } from "./dom.js";

const NAME = "lwd-options";
const DEFAULTS = new Set(["false", ""]);
const LINES = new Set(["keyterm", "replace"]);

export class Options {
  constructor(form) {
    this.form = form;
    this.models = [];
    this.blamed = null;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", ({ target }) => target === this.blamed && this.absolve());
    this.#restore();
    this.onchange(() => {
      sessionStorage.setItem(NAME, JSON.stringify([...new FormData(form)]));
    });
  }

  // Pairs of names and values, without what is the default.
  get parameters() {
    const pairs = [...new FormData(this.form)].flatMap(([name, value]) => values(name, value));
    return pairs.filter(([, value]) => !DEFAULTS.has(value));
  }

  has(name) {
    return this.form.elements[name].checked;
  }

  // Marks the field of a parameter, for the reason that the element of an id tells, until it is
  // changed. Returns its label, or null where there is no such field.
  blame(parameter, id) {
    const field = [...this.form.elements].find(({ name }) => name && name === parameter);
    if (!field) {
      return null;
    }
    this.blamed = field;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", id);
    field.closest("details").open = true;
    return label(field);
  }

  absolve() {
    this.blamed?.removeAttribute("aria-invalid");
    this.blamed?.removeAttribute("aria-describedby");
    this.blamed = null;
  }

  onchange(listener) {
    this.form.addEventListener("input", listener);
  }

  // Offers models and their languages, from the answer to GET /v1/models.
  offer({ stt }) {
    this.models = stt;
    const { model } = this.form.elements;
    model.append(...stt.map(({ name }) => h("option", { value: name }, name)));
    // Heard before the form hears it.
    model.addEventListener("input", () => this.#offerLanguages());
    this.#restore();
    this.#offerLanguages();
    this.#restore(); // the language, now that it can be chosen
  }

  #restore() {
    const kept = JSON.parse(sessionStorage.getItem(NAME));
    const fields = [...this.form.elements].filter(({ name }) => kept && name);
    for (const field of fields) {
      const chosen = kept.filter(([name]) => name === field.name).map(([, value]) => value);
      if (field.type === "checkbox") {
        field.checked = chosen.includes(field.value);
      } else {
        field.value = chosen[0] ?? "";
      }
      if (field.selectedIndex === -1) {
        field.selectedIndex = 0; // what was chosen is to be had no more
      }
    }
  }

  #offerLanguages() {
    const { model, language } = this.form.elements;
    const chosen = this.models.find(({ name }) => name === model.value) ?? this.models[0];
    const names = new Intl.DisplayNames(["en"], { type: "language" });
    const known = chosen.languages.map((code) => [code, named(names, code)]);
    known.sort(([, one], [, other]) => one.localeCompare(other));
    const kept = language.value;
    language.replaceChildren(
      ...[["", "as configured"], ["multi", "detect it"], ...known].map(([value, text]) =>
        h("option", { value }, text),
      ),
    );
    language.value = known.some(([code]) => code === kept) || kept === "multi" ? kept : "";
  }
}

// What is written beside a field, without its unit and what may be chosen.
function label({ labels: [first] }) {
  const texts = [...first.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
  return texts.map(({ data }) => data.trim()).join("");
}

function named(names, code) {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

function values(name, value) {
  if (LINES.has(name)) {
    return value.split("\n").map((line) => [name, line.trim()]);
  }
  return [[name, value === "on" ? "true" : value]];
}
