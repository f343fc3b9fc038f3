// @deepgram/sdk 3 and 4: a connection with events.

import { installed, installedVersion, obey, OPTIONS, tell, tellMessage } from "./obey.mjs";

const { createClient, LiveTranscriptionEvents: Events } = installed("@deepgram/sdk");

class Client {
  constructor(address, key) {
    this.deepgram = createClient(key, { global: { url: `http://${address}` } });
  }

  open() {
    this.connection = this.deepgram.listen.live(OPTIONS);
    this.connection.on(Events.Open, () => tell("open"));
    this.connection.on(Events.Transcript, tellMessage);
    this.connection.on(Events.Metadata, tellMessage);
    this.connection.on(Events.Close, (event) => tell("close", { code: event.code }));
    this.connection.on(Events.Error, (error) => tell("error", { text: String(error.message) }));
    this.connection.on(Events.Unhandled, (message) =>
      tell("error", { text: `unhandled message ${JSON.stringify(message)}` }),
    );
  }

  audio(data) {
    this.connection.send(data);
  }

  keep_alive() {
    this.connection.keepAlive();
  }

  finalize() {
    this.connection.finalize();
  }

  close() {
    this.connection.requestClose();
  }
}

await obey(installedVersion("@deepgram/sdk"), (address, key) => new Client(address, key));
