// How long after the audio its results came. Knows nothing of the page, nor of what time it is.
// Of finals only those count that end an utterance, or answer Finalize: others are cut in the midst
// of speech, and end well before what lwd had heard by then.

const KEPT = 3000; // frames that are remembered: five minutes of 100 ms

export class Latency {
  constructor() {
    this.sent = []; // [end of the frame in seconds of audio, when it was recorded in ms]
    this.interims = [];
    this.finals = [];
  }

  // A frame that ends so many seconds into the audio was recorded just now.
  note(endS, nowMs) {
    this.sent.push([endS, nowMs]);
    if (this.sent.length > KEPT) {
      this.sent.shift();
    }
  }

  // Counts a result that came now, by the seconds since the end of its audio; one whose audio is
  // not known counts for nothing.
  measure(message, nowMs) {
    const endS = message.start + message.duration;
    const frame = this.sent.find(([end]) => end >= endS - 0.001);
    if (frame) {
      this.#of(message)?.push(Math.max(0, nowMs - frame[1]) / 1000);
    }
  }

  #of({ is_final: isFinal, speech_final: isEnd, from_finalize: isAnswer }) {
    if (!isFinal) {
      return this.interims;
    }
    return isEnd || isAnswer ? this.finals : null;
  }
}

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
}
