// What the JavaScript drivers share: orders come as lines of JSON on stdin, events go so to stdout.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// Packages are those of the directory that the driver is started in, not those beside this file.
export const installed = createRequire(`${process.cwd()}/`);

export function installedVersion(name) {
  return JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
}

export const OPTIONS = {
  model: "nova-3",
  language: "en",
  encoding: "linear16",
  sample_rate: 16000,
  channels: 1,
  interim_results: true,
  punctuate: true,
  endpointing: 300,
};

// Say what the client reports: `results`, `metadata`, `close` and so on; see process.py.
export function tell(event, facts = {}) {
  console.log(JSON.stringify({ event, ...facts }));
}

export function tellMessage(message) {
  if (message.type === "Results") {
    const best = message.channel.alternatives[0];
    tell("results", {
      text: best.transcript,
      words: best.words.length,
      is_final: message.is_final,
      from_finalize: message.from_finalize,
    });
  } else if (message.type === "Metadata") {
    tell("metadata");
  } else if (message.type === "Error") {
    tell("error", { text: message.description });
  }
}

// Do what stdin orders with a client for the address and the key of the command line. An order
// names one of the client's methods: `open`, `audio`, `keep_alive`, `finalize`, `close`.
export async function obey(version, clientFor) {
  tell("client", { text: version });
  const client = clientFor(...process.argv.slice(2));
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    try {
      await client[order.do](order.data && Buffer.from(order.data, "base64"));
    } catch (error) {
      tell("error", { text: String(error) });
    }
  }
  // Sockets that are still open would keep it.
  process.exit();
}
