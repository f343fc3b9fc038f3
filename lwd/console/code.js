// The pane with code to copy: what is chosen on the page, for another client.

import { $, copies, h } from "./dom.js";
import { key } from "./key.js";
import { SNIPPETS } from "./snippets.js";

export class Code {
  constructor(options) {
    this.options = options;
    this.client = $("#client");
    this.client.append(
      ...Object.entries(SNIPPETS).map(([value, { label }]) => h("option", { value }, label)),
    );
    this.client.addEventListener("change", () => this.show());
    options.onchange(() => this.show());
    copies($("#copy-snippet"), () => $("#snippet").textContent, $("#snippet"));
  }

  show() {
    const asksForKey = Boolean(key());
    $("#snippet").textContent = SNIPPETS[this.client.value].write({
      params: this.options.parameters,
      host: location.host,
      tls: location.protocol === "https:",
      key: asksForKey ? "KEY" : "any-key",
      asksForKey,
    });
  }
}
