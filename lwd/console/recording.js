// A file as bytes for lwd: decoded here, since a phone's files have their index at the end and no
// stream can begin with that; as it is where the browser cannot decode it and lwd may.

const RATE = 16000; // what Whisper hears
const FRAME_S = 0.1;
const FRAME_BYTES = 1 << 14; // of a file that goes as it is
const MOST_WAITING_BYTES = 1 << 18; // in the socket: lwd reads no faster than it hears

// The signatures of lwd/audio/containers.py, in bytes as characters. Anything else lwd would take
// for raw audio, and hear noise.
const SIGNATURES = [
  /^(?:RIFF|RF64)[^]{4}WAVE/,
  /^(?:fLaC|OggS|\x1aE\xdf\xa3|ID3[\x02-\x04]|#!AMR)/,
  /^[^]{4}(?:ftyp|styp|moov|mdat|wide|free)/,
  /^\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]/,
  /^\xff[\xf0\xf1\xf8\xf9][\x00-\x33\x40-\x73\x80-\xb3][^][\x01-\xff]/,
];
const SIGNATURE_BYTES = 12;

export class Recording {
  // Reads a File; with `multichannel` its channels are kept apart. Rejects with an Error whose
  // message is for its reader.
  static async read(file, multichannel) {
    if (!file.size) {
      throw new Error(`${file.name} is empty.`);
    }
    const title = file.name.replace(/(.)\.[^.]*$/, "$1");
    const encoded = await file.arrayBuffer();
    try {
      // Decoding takes the buffer away.
      const audio = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(encoded.slice(0));
      return new Recording(
        title,
        interleaved(audio, multichannel),
        multichannel ? audio.numberOfChannels : 1,
      );
    } catch {
      const bytes = new Uint8Array(encoded);
      if (!isContainer(bytes)) {
        throw new Error(
          `${file.name} is no audio that this browser can decode, nor a container that lwd knows.`,
        );
      }
      return new Recording(title, bytes, null);
    }
  }

  // `title` is what a transcript of it is called.
  constructor(title, bytes, channels) {
    this.title = title;
    this.bytes = bytes;
    this.channels = channels; // null: not decoded
    this.isStopped = false;
  }

  get parameters() {
    return this.channels === null
      ? []
      : Object.entries({ encoding: "linear16", sample_rate: RATE, channels: this.channels }).map(
          ([name, value]) => [name, String(value)],
        );
  }

  // How long it is; null where only lwd can tell.
  get seconds() {
    return this.channels === null ? null : this.bytes.length / (2 * RATE * this.channels);
  }

  // Sends all of it; `sent(share, seconds)` after each frame. At speaking pace, or as lwd takes it.
  async send(socket, atPace, sent) {
    const size = this.channels === null ? FRAME_BYTES : 2 * this.channels * RATE * FRAME_S;
    const began = performance.now();
    for (let at = 0; at < this.bytes.length && this.#goesOn(socket); at += size) {
      socket.send(this.bytes.subarray(at, at + size));
      const end = Math.min(1, (at + size) / this.bytes.length);
      sent(end, this.seconds === null ? null : end * this.seconds);
      if (atPace && this.seconds !== null) {
        await pause(began + 1000 * end * this.seconds - performance.now());
      }
      while (socket.bufferedAmount > MOST_WAITING_BYTES && this.#goesOn(socket)) {
        await pause(20);
      }
    }
  }

  close() {
    this.isStopped = true;
  }

  // A closed socket takes everything and sends nothing.
  #goesOn(socket) {
    return !this.isStopped && socket.readyState === WebSocket.OPEN;
  }
}

// Whether lwd knows by its first bytes what a file is.
export function isContainer(bytes) {
  const head = String.fromCharCode(...bytes.subarray(0, SIGNATURE_BYTES));
  return SIGNATURES.some((signature) => signature.test(head));
}

function interleaved(audio, multichannel) {
  const channels = Array.from({ length: audio.numberOfChannels }, (_, n) =>
    audio.getChannelData(n),
  );
  const kept = multichannel ? channels : [mixed(channels)];
  const samples = new Int16Array(kept.length * audio.length);
  kept.forEach((channel, n) => {
    for (let i = 0; i < audio.length; i += 1) {
      samples[i * kept.length + n] = Math.max(-1, Math.min(1, channel[i])) * 0x7fff;
    }
  });
  return new Uint8Array(samples.buffer);
}

function mixed(channels) {
  if (channels.length === 1) {
    return channels[0];
  }
  return channels[0].map(
    (_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length,
  );
}

function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
}
