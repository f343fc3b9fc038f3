// The messages as they came, and the events among them. Both lists are bounded.

import { copies, h } from "./dom.js";
import { seconds } from "./figures.js";

const MOST = 500;

export class Messages {
  constructor({ list, count, copy, events }) {
    this.list = list;
    this.count = count;
    this.events = events;
    copies(copy, () => this.texts.join("\n"), list);
    this.clear();
  }

  clear() {
    this.texts = [];
    this.total = 0;
    this.list.replaceChildren();
    this.events.replaceChildren();
    this.#tell();
  }

  add(message, text) {
    this.texts.push(text);
    this.total += 1;
    append(this.list, h("li", {}, h("code", {}, text)));
    if (this.texts.length > MOST) {
      this.texts.shift();
    }
    const event = described(message);
    if (event) {
      append(this.events, h("li", {}, h("span", { class: "time" }, seconds(event.at)), event.text));
    }
    this.#tell();
  }

  #tell() {
    const kept = this.total > MOST ? `, the last ${MOST} shown` : "";
    this.count.textContent = `${this.total} ${this.total === 1 ? "message" : "messages"}${kept}`;
  }
}

function append(list, item) {
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(item);
  if (list.childElementCount > MOST) {
    list.firstChild.remove();
  }
  if (isAtEnd) {
    list.scrollTop = list.scrollHeight;
  }
}

// What happened, and where in the audio; null for what is no event.
function described(message) {
  switch (message.type) {
    case "SpeechStarted":
      return { at: message.timestamp, text: "SpeechStarted" };
    case "UtteranceEnd":
      return { at: message.last_word_end, text: "UtteranceEnd" };
    case "Error":
      return { at: null, text: `Error: ${message.description}` };
    case "Metadata":
      return { at: message.duration, text: "Metadata: the stream is over" };
    default:
      return message.speech_final
        ? { at: message.start + message.duration, text: "speech_final" }
        : null;
  }
}
