// How long after the audio its results came. Knows nothing of the page, nor of what time it is.

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

  // Seconds from the end of a result's audio to now; null where that audio is not known.
  measure(message, nowMs) {
    const endS = message.start + message.duration;
    const frame = this.sent.find(([end]) => end >= endS - 0.001);
    if (!frame) {
      return null;
    }
    const seconds = Math.max(0, nowMs - frame[1]) / 1000;
    (message.is_final ? this.finals : this.interims).push(seconds);
    return seconds;
  }
}

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
}
