// The transcript on the page. A word that becomes final keeps its element, so that nothing flickers.

import { h } from "./dom.js";
import { percent, position } from "./figures.js";
import { certainty } from "./transcript.js";

const MARKS = { unsure: "unsure", "fairly sure": "fair", sure: "" };

export class Paper {
  constructor(element, inspector, spoken) {
    this.element = element;
    this.inspector = inspector;
    this.spoken = spoken;
    this.hint = inspector.textContent;
    this.empty = [...element.children];
    this.rows = new Map(); // of each line its paragraph and its words' elements
    this.words = new Map(); // of each element its word
    element.addEventListener("pointerover", ({ target }) => this.#inspect(target));
    element.addEventListener("click", ({ target }) => this.#inspect(target));
    element.addEventListener("keydown", (event) => this.#walk(event));
  }

  clear() {
    this.rows.clear();
    this.words.clear();
    this.element.replaceChildren(...this.empty);
    this.spoken.replaceChildren();
    this.inspector.textContent = this.hint;
  }

  // Shows a line of the transcript as it is now, where it belongs.
  show(line, transcript) {
    const isAtEnd = this.#isAtEnd();
    const row = this.rows.get(line) ?? this.#begin(line);
    this.#label(row, line, transcript.channels > 1);
    if (line.words.length) {
      this.#place(row, this.rows.get(transcript.following(line)));
    }
    line.words.forEach((word, n) => this.#showWord(row, n, word, n < line.settled));
    for (const element of row.words.splice(line.words.length)) {
      this.words.delete(element);
      element.nextSibling.remove();
      element.remove();
    }
    row.paragraph.hidden = !line.words.length;
    row.paragraph.classList.toggle("ended", line.ended);
    this.#say(row, line);
    if (isAtEnd) {
      this.element.scrollTop = this.element.scrollHeight;
    }
  }

  #begin(line) {
    if (!this.rows.size) {
      this.element.replaceChildren();
    }
    const time = h("span", { class: "time" });
    const text = h("span", { class: "text" });
    const paragraph = h("p", {}, time, text);
    const row = { paragraph, time, text, words: [], said: 0 };
    this.rows.set(line, row);
    return row;
  }

  #label({ time }, line, isApart) {
    this.element.classList.toggle("apart", isApart);
    time.textContent = `${isApart ? `${line.channel + 1} · ` : ""}${position(line.start)}`;
  }

  #place({ paragraph }, next) {
    const follower = next?.paragraph ?? null;
    if (!paragraph.parentNode || paragraph.nextSibling !== follower) {
      this.element.insertBefore(paragraph, follower);
    }
  }

  #showWord(row, n, word, isFinal) {
    let element = row.words[n];
    if (!element) {
      element = h("span", { class: "word" });
      row.words.push(element);
      row.text.append(element, " ");
    }
    if (element.textContent !== word.text) {
      element.textContent = word.text;
    }
    const mark = isFinal ? MARKS[certainty(word.confidence)] : "interim";
    element.className = `word ${mark}`;
    this.words.set(element, { ...word, isFinal });
  }

  // Screen readers are told finals alone, each once.
  #say(row, line) {
    const news = line.settledWords.slice(row.said);
    if (news.length) {
      this.spoken.append(h("p", {}, news.map((word) => word.text).join(" ")));
      row.said = line.settled;
    }
    while (this.spoken.childElementCount > 20) {
      this.spoken.firstChild.remove();
    }
  }

  #inspect(element) {
    const word = this.words.get(element);
    if (!word) {
      return;
    }
    this.current?.classList.remove("current");
    this.current = element;
    element.classList.add("current");
    const sure = `${certainty(word.confidence)}, ${percent(word.confidence)}`;
    const state = word.isFinal ? "" : ", may still change";
    this.inspector.textContent = `“${word.text}”, ${word.start.toFixed(2)} to ${word.end.toFixed(2)} s, ${sure}${state}`;
  }

  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !this.words.size) {
      return;
    }
    event.preventDefault();
    const elements = [...this.element.querySelectorAll(".word")];
    const at = elements.indexOf(this.current);
    const next = elements[at < 0 ? (step > 0 ? 0 : elements.length - 1) : at + step];
    if (next) {
      this.#inspect(next);
      next.scrollIntoView({ block: "nearest" });
    }
  }

  #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < 40;
  }
}
