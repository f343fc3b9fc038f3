// What is chosen in the form, as query parameters; and what may be chosen, as lwd tells it.

import { h } from "./dom.js";

const DEFAULTS = new Set(["false", ""]);
const LINES = new Set(["keyterm", "replace"]);

export class Options {
  constructor(form) {
    this.form = form;
    this.models = [];
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // Pairs of names and values, without what is the default.
  get parameters() {
    const pairs = [...new FormData(this.form)].flatMap(([name, value]) => values(name, value));
    return pairs.filter(([, value]) => !DEFAULTS.has(value));
  }

  has(name) {
    return this.form.elements[name].checked;
  }

  onchange(listener) {
    this.form.addEventListener("input", listener);
  }

  // Offers models and their languages, from the answer to GET /v1/models.
  offer({ stt }) {
    this.models = stt;
    const { model } = this.form.elements;
    model.append(...stt.map(({ name }) => h("option", { value: name }, name)));
    model.addEventListener("change", () => this.#offerLanguages());
    this.#offerLanguages();
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
