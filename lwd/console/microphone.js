// The microphone as frames of linear16, at the rate that the browser records at: not every browser
// resamples, and lwd does.

import { UNREACHED } from "./refusal.js";

const WHY_NOT = {
  NotAllowedError:
    "The browser was not allowed to use the microphone; the lock beside the address undoes that.",
  NotFoundError: "There is no microphone.",
  NotReadableError: "The microphone is taken by another program.",
};

export class Microphone {
  // Asks for the microphone; rejects with an Error whose message is for its reader.
  static async open() {
    if (!navigator.mediaDevices) {
      throw new Error(
        "Browsers give the microphone to pages of https:// and of localhost alone. Open lwd by one of these.",
      );
    }
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const context = new AudioContext();
      await context.audioWorklet.addModule("console/worklet.js").catch(() => {
        stream.getTracks().forEach((track) => track.stop());
        throw new Error(`${UNREACHED.why} ${UNREACHED.remedy}`);
      });
      return new Microphone(stream, context);
    } catch (error) {
      throw new Error(WHY_NOT[error.name] ?? error.message);
    }
  }

  constructor(stream, context) {
    this.stream = stream;
    this.context = context;
  }

  get title() {
    return "transcript";
  }

  get parameters() {
    return [
      ["encoding", "linear16"],
      ["sample_rate", String(this.context.sampleRate)],
    ];
  }

  // Calls `take(samples, seconds)` for each frame, until it is closed.
  start(take) {
    const frames = new AudioWorkletNode(this.context, "frames", {
      channelCount: 1,
      channelCountMode: "explicit",
    });
    frames.port.onmessage = ({ data }) => take(data, data.length / this.context.sampleRate);
    // It writes nothing, so nothing is played; but only what leads to the speakers is run.
    this.context
      .createMediaStreamSource(this.stream)
      .connect(frames)
      .connect(this.context.destination);
    return this.context.resume();
  }

  close() {
    this.stream.getTracks().forEach((track) => track.stop());
    return this.context.close();
  }
}

// How loud samples are, from 0 to 1, as ears hear it.
export function loudness(samples) {
  const power = samples.reduce((sum, sample) => sum + (sample / 0x8000) ** 2, 0) / samples.length;
  return Math.max(0, Math.min(1, 1 + Math.log10(power + 1e-6) / 5));
}
