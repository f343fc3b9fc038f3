// The messages as they came, and the events among them, by their time in the audio: an UtteranceEnd
// comes after a speech_final and tells of a word before it. Both lists are bounded.

import { copies, h } from "./dom.js";

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
      this.#note({ ...event, text: `${event.text}${ofChannel(message)}` });
    }
    this.#tell();
  }

  #note({ at, text }) {
    const time = at === null ? "–" : `${at.toFixed(2)}\u00a0s`;
    const order = at ?? Number(this.events.lastElementChild?.dataset.at ?? 0);
    const item = h("li", { "data-at": order }, h("span", { class: "time" }, time), text);
    const later = [...this.events.children].find((other) => Number(other.dataset.at) > order);
    append(this.events, item, later);
  }

  #tell() {
    const kept = this.total > MOST ? `, the last ${MOST} shown` : "";
    this.count.textContent = `${this.total} ${this.total === 1 ? "message" : "messages"}${kept}`;
  }
}

function append(list, item, before = null) {
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.insertBefore(item, before);
  if (list.childElementCount > MOST) {
    list.firstChild.remove();
  }
  if (isAtEnd) {
    list.scrollTop = list.scrollHeight;
  }
}

// Which channel a message is of, where there are more.
function ofChannel({ channel_index: ofResults, channel: ofEvent }) {
  const [index, channels] = ofResults ?? ofEvent ?? [];
  return channels > 1 ? `, channel ${index + 1}` : "";
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
