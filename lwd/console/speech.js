// The speech view: from a microphone or a file to words on the page.

import { $, h, prose } from "./dom.js";
import { FORMATS } from "./export.js";
import { position, seconds } from "./figures.js";
import { askOnce, key, typed } from "./key.js";
import { Latency, median } from "./latency.js";
import { Messages } from "./messages.js";
import { Microphone, loudness } from "./microphone.js";
import { Paper } from "./paper.js";
import { Recording } from "./recording.js";
import { explain } from "./refusal.js";
import { abandon, connect, finish, path } from "./socket.js";
import { Transcript } from "./transcript.js";

export class Speech {
  // `changed` is called when a stream has begun, and when it is over.
  constructor(options, changed) {
    this.options = options;
    this.changed = changed;
    this.paper = new Paper($("#transcript"), $("#inspector"), $("#spoken"));
    this.messages = new Messages({
      list: $("#messages"),
      count: $("#message-count"),
      copy: $("#copy-messages"),
      events: $("#events"),
    });
    this.transcript = new Transcript();
    this.source = null; // what is heard now
    this.socket = null;
    $("#speak").addEventListener("click", () => (this.isRunning ? this.#stop() : this.#listen()));
    $("#choose").addEventListener("click", () => $("#file").click());
    $("#file").addEventListener("change", ({ target }) => this.hear([...target.files]));
    $("#clear").addEventListener("click", () => this.#clear());
    this.exports = [...document.querySelectorAll("[data-export]")];
    for (const button of this.exports) {
      button.addEventListener("click", () => this.#save(button.dataset.export));
    }
    this.#clear();
  }

  get isRunning() {
    return this.source !== null;
  }

  // Transcribes the first of some files, unless something is heard now.
  hear([file, ...others]) {
    $("#file").value = "";
    if (file && !this.isRunning) {
      const name = others.length ? `${file.name}, the first of ${others.length + 1}` : file.name;
      this.#run(
        async () => {
          this.#say(`Reading ${name}`);
          return Recording.read(file, this.options.has("multichannel"));
        },
        (recording) => this.#sendFile(recording, name),
      );
    }
  }

  #listen() {
    return this.#run(
      () => {
        this.#say("Waiting for the microphone");
        return Microphone.open();
      },
      (microphone) => this.#sendSpeech(microphone),
    );
  }

  // One stream, from the source to the last message.
  async #run(open, send) {
    const opening = this.#begin();
    try {
      this.source = await open();
      if (opening.isClosed) {
        return;
      }
      const params = [...this.source.parameters, ...this.options.parameters];
      await this.#open(params);
      if (this.socket) {
        await send(this.source);
        await this.ended;
      }
    } catch (error) {
      this.refuse({ why: error.message });
    } finally {
      await this.#end();
    }
  }

  // Opens the socket, or shows why it was refused.
  async #open(params) {
    let close;
    this.ended = new Promise((resolve) => {
      close = resolve;
    });
    this.socket = await connect(params, key(), {
      message: (message, text) => this.#take(message, text),
      closed: (why) => {
        this.why = why;
        close();
      },
    });
    this.changed();
    if (!this.socket) {
      const refusal = await explain(askOnce(path(params)));
      this.refuse(this.#inItsWords(refusal));
      if (refusal.wantsKey) {
        typed(refusal.why).then(() => {
          $("#refusal").hidden = true;
        });
      }
    }
  }

  // A refusal for an option of the page, which has another name than its parameter.
  #inItsWords(refusal) {
    const label = this.options.blame(refusal.parameter, "refusal");
    return label
      ? { ...refusal, why: `“${label}” has a value that lwd does not take.`, remedy: refusal.takes }
      : refusal;
  }

  #sendSpeech(microphone) {
    this.#say("Listening");
    $("#meter").hidden = false;
    return microphone.start((samples, length) => {
      this.sentS += length;
      this.latency.note(this.sentS, performance.now());
      if (this.socket?.readyState === WebSocket.OPEN) {
        this.socket.send(samples);
      }
      $("#meter").firstElementChild.style.transform = `scaleX(${loudness(samples)})`;
      $("#clock").textContent = position(this.sentS);
    });
  }

  async #sendFile(recording, name) {
    const atPace = $("#at-pace").checked;
    const began = performance.now();
    const progress = $("#progress");
    progress.hidden = false;
    this.#say(`Sending ${name}`);
    await recording.send(this.socket, atPace, (share, at) => {
      progress.value = share;
      if (at !== null && atPace) {
        this.latency.note(at, performance.now());
      }
      if (at !== null) {
        this.sentS = at;
        $("#clock").textContent = `${position(at)} of ${position(recording.seconds)}`;
      }
    });
    this.#finish();
    const isStopped = recording.isStopped;
    this.finished = () => {
      const took = (performance.now() - began) / 1000;
      if (isStopped) {
        return `Stopped ${name}`;
      }
      if (this.isStale || this.transcript.isEmpty) {
        return `No speech in ${name}`;
      }
      return recording.seconds === null || atPace
        ? `Heard ${name}`
        : `Heard ${name}: ${seconds(recording.seconds)} in ${seconds(took)}`;
    };
  }

  // Sends no more; the second time, what is left of the stream is not waited for either.
  #stop() {
    if (this.isFinishing) {
      this.isCut = true;
      abandon(this.socket);
      return;
    }
    this.#say("Finishing");
    this.source.close();
    this.source.isClosed = true;
    if (this.socket) {
      this.#finish();
    }
  }

  #finish() {
    finish(this.socket);
    this.isFinishing = true;
    $("#speak").textContent = "End now";
    this.#say("Finishing");
    this.#tellRest();
  }

  #tellRest() {
    const rest = this.sentS - this.heardS;
    $("#clock").textContent = rest >= 1 ? `${position(rest)} still to be heard` : "";
  }

  #begin() {
    this.isStale = true; // what is shown is of the stream before, until this one tells something
    this.source = { close() {} }; // until it is open
    this.latency = new Latency();
    this.sentS = this.heardS = 0;
    this.isFinishing = this.isCut = false;
    this.why = null;
    this.finished = () => "Done.";
    $("#refusal").hidden = true;
    this.options.absolve();
    $("#speak").textContent = "Stop";
    $("#speak").classList.add("running");
    $("#choose").disabled = $("#at-pace").disabled = true;
    return this.source;
  }

  async #end() {
    if (!this.source.isClosed) {
      await this.source.close();
    }
    if (this.why) {
      this.refuse({ why: this.why });
    }
    const isOld = this.isStale && !this.transcript.isEmpty;
    this.#say(`${this.#outcome()}${isOld ? " Below is what was heard before." : ""}`);
    this.changed();
    this.source = null;
    this.socket = null;
    $("#progress").hidden = true;
    $("#speak").textContent = "Speak";
    $("#speak").classList.remove("running");
    $("#choose").disabled = $("#at-pace").disabled = false;
    $("#meter").hidden = true;
  }

  #outcome() {
    if (!this.socket) {
      return "No stream was opened.";
    }
    if (this.why) {
      return "The stream broke off.";
    }
    return this.isCut ? "Ended before all was heard." : this.finished();
  }

  #take(message, text) {
    if (this.isStale) {
      this.#clear();
    }
    this.title = this.source.title;
    this.messages.add(message, text);
    const line = this.transcript.add(message);
    if (line) {
      this.paper.show(line, this.transcript);
    }
    this.#offerExports();
    if (message.type === "Results") {
      this.heardS = Math.max(this.heardS, message.start + message.duration);
      if (this.isFinishing) {
        this.#tellRest();
      }
      this.latency.measure(message, performance.now());
      $("#interim-latency").textContent = seconds(median(this.latency.interims));
      $("#final-latency").textContent = seconds(median(this.latency.finals));
    }
  }

  #clear() {
    this.isStale = false;
    this.transcript = new Transcript();
    this.#offerExports();
    this.paper.clear();
    this.messages.clear();
    $("#interim-latency").textContent = $("#final-latency").textContent = "–";
  }

  #offerExports() {
    for (const button of this.exports) {
      button.disabled = this.transcript.isEmpty;
    }
  }

  #save(format) {
    const { type, write } = FORMATS[format];
    const url = URL.createObjectURL(new Blob([write(this.transcript)], { type }));
    h("a", { href: url, download: `${this.title}.${format}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  // Screen readers tell the state; the clock beside it goes on in silence.
  #say(text) {
    $("#state").textContent = text;
    $("#clock").textContent = "";
  }

  // Shows why something cannot be.
  refuse({ why, remedy = "", detail = "" }) {
    const parts = [
      h("strong", {}, why),
      remedy && h("span", {}, ...prose(remedy)),
      detail && h("code", {}, detail),
    ];
    $("#refusal").replaceChildren(...parts.filter(Boolean));
    $("#refusal").hidden = false;
  }
}
