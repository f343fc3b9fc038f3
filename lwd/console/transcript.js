// What was heard, as Deepgram's messages tell it: interims that are replaced, finals that stay.
// Knows nothing of the page.

// One utterance of a channel. `words` begin with `settled` final ones; the rest may still change.
class Line {
  constructor(channel, start) {
    this.channel = channel;
    this.start = start; // of its first word, in seconds
    this.words = [];
    this.settled = 0;
    this.ended = false;
  }

  get text() {
    return this.words.map((word) => word.text).join(" ");
  }

  get settledWords() {
    return this.words.slice(0, this.settled);
  }

  replace(words, isFinal) {
    this.words.splice(this.settled, Infinity, ...words);
    this.start = this.words[0]?.start ?? this.start;
    if (isFinal) {
      this.settled = this.words.length;
    }
  }
}

export class Transcript {
  constructor() {
    this.lines = []; // in the order in which they were said
    this.finals = []; // the Results that are final, as they came
    this.channels = 1;
    this.open = new Map(); // the line of each channel that goes on
  }

  // Takes a message; returns the line that it changed, or null.
  add(message) {
    if (message.type === "Results") {
      return this.#addResults(message);
    }
    return message.type === "UtteranceEnd" ? this.#end(message.channel[0]) : null;
  }

  // Whether there is anything to be saved.
  get isEmpty() {
    return !this.lines.some((line) => line.settled);
  }

  #addResults(message) {
    const [channel, channels] = message.channel_index;
    const words = message.channel.alternatives[0].words.map(toWord);
    this.channels = channels;
    if (message.is_final) {
      this.finals.push(message);
    }
    const line = this.open.get(channel) ?? (words.length ? this.#begin(channel, words[0]) : null);
    if (line) {
      line.replace(words, message.is_final);
      this.#place(line);
    }
    if (message.speech_final) {
      this.#end(channel);
    }
    return line;
  }

  // The line that was said after another; undefined after the last one.
  following(line) {
    return this.lines[this.lines.indexOf(line) + 1];
  }

  #begin(channel, word) {
    const line = new Line(channel, word.start);
    this.lines.push(line);
    this.open.set(channel, line);
    return line;
  }

  // Channels tell of the same time one after the other.
  #place(line) {
    const others = this.lines.filter((other) => other !== line);
    const at = others.findLastIndex((other) => other.start <= line.start) + 1;
    this.lines = [...others.slice(0, at), line, ...others.slice(at)];
  }

  // A line whose interims came to nothing is taken back.
  #end(channel) {
    const line = this.open.get(channel);
    if (!line || line.words.length > line.settled) {
      return null;
    }
    line.ended = true;
    this.open.delete(channel);
    if (!line.words.length) {
      this.lines.splice(this.lines.indexOf(line), 1);
    }
    return line;
  }
}

function toWord({ word, punctuated_word: punctuated, start, end, confidence }) {
  return { text: punctuated ?? word, start, end, confidence };
}

// How sure the model was, in a word: what the page shows as underlines.
export function certainty(confidence) {
  if (confidence < 0.5) {
    return "unsure";
  }
  return confidence < 0.8 ? "fairly sure" : "sure";
}
