// @deepgram/sdk 5: a socket that connects anew by itself after every close code but 1000.

import { installed, installedVersion, obey, OPTIONS, tell, tellMessage } from "./obey.mjs";

const { DeepgramClient } = installed("@deepgram/sdk");

class Client {
  constructor(address, key) {
    const [http, ws] = [`http://${address}`, `ws://${address}`];
    const environment = { base: http, production: ws, agent: ws, agentRest: http };
    this.deepgram = new DeepgramClient({ apiKey: key, environment });
  }

  async open() {
    this.socket = await this.deepgram.listen.v1.connect(OPTIONS);
    this.socket.on("open", () => tell("open"));
    this.socket.on("message", tellMessage);
    this.socket.on("close", (event) => tell("close", { code: event.code }));
    this.socket.on("error", (error) => tell("error", { text: String(error.message) }));
    this.socket.connect();
  }

  audio(data) {
    this.socket.sendMedia(data);
  }

  keep_alive() {
    this.socket.sendKeepAlive({ type: "KeepAlive" });
  }

  finalize() {
    this.socket.sendFinalize({ type: "Finalize" });
  }

  close() {
    this.socket.sendCloseStream({ type: "CloseStream" });
  }
}

await obey(installedVersion("@deepgram/sdk"), (address, key) => new Client(address, key));
