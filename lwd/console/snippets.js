// The same stream in code: each client pointed at this very lwd, with the options that are chosen.
// Knows nothing of the page.

// What each function takes: `params` as pairs of names and values, `host` with its port, whether
// the page came over TLS, and whether lwd asks for a key.
export const SNIPPETS = {
  python: { label: "Python", write: python },
  javascript: { label: "JavaScript", write: javascript },
  browser: { label: "Browser", write: browser },
  livekit: { label: "LiveKit", write: livekit },
  pipecat: { label: "Pipecat", write: pipecat },
  shell: { label: "Shell", write: shell },
};

function python({ params, host, tls, key }) {
  const [http, ws] = schemes(tls);
  return `# pip install deepgram-sdk
# Save this as listen.py, then: python listen.py FILE
import asyncio
import sys

from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.events import EventType

HTTP, WS = "${http}://${host}", "${ws}://${host}"
LWD = DeepgramClientEnvironment(base=HTTP, production=WS, agent=WS, agent_rest=HTTP)
# The SDK wants a model; raw audio needs encoding, sample_rate and channels besides.
OPTIONS = ${pythonDict([["model", "nova-3"], ...params])}


def show(message):
    if message.type == "Results" and (text := message.channel.alternatives[0].transcript):
        print(${isApart(params) ? "message.channel_index[0] + 1, " : ""}"final  " if message.is_final else "interim", text)


async def main(path):
    client = AsyncDeepgramClient(api_key="${key}", environment=LWD)
    with open(path, "rb") as audio:
        async with client.listen.v1.connect(**OPTIONS) as socket:
            socket.on(EventType.MESSAGE, show)
            listening = asyncio.create_task(socket.start_listening())
            while part := audio.read(3200):
                await socket.send_media(part)
                await asyncio.sleep(0.1)  # the pace of 16-bit mono at 16 kHz
            await socket.send_close_stream()
            await listening


asyncio.run(main(sys.argv[1]))
`;
}

function javascript({ params, host, tls, key }) {
  const [http, ws] = schemes(tls);
  return `// npm install @deepgram/sdk
// Save this as listen.mjs, then: node listen.mjs FILE
import { createReadStream } from "node:fs";
import { DeepgramClient } from "@deepgram/sdk";

const http = "${http}://${host}", ws = "${ws}://${host}";
const environment = { base: http, production: ws, agent: ws, agentRest: http };
const client = new DeepgramClient({ apiKey: "${key}", environment });

// Raw audio needs encoding, sample_rate and channels besides.
const socket = await client.listen.v1.connect(${jsObject(params)});
socket.on("message", ({ type, is_final, channel${isApart(params) ? ", channel_index" : ""} }) => {
  const text = type === "Results" && channel.alternatives[0].transcript;
  if (text) console.log(${isApart(params) ? "channel_index[0] + 1, " : ""}is_final ? "final  " : "interim", text);
});
socket.on("error", ({ message }) => {
  console.error(\`No stream: \${message}\`);
  process.exit(1);
});
socket.connect();
await socket.waitForOpen();

for await (const part of createReadStream(process.argv[2], { highWaterMark: 3200 })) {
  socket.sendMedia(part);
  await new Promise((on) => setTimeout(on, 100)); // the pace of 16-bit mono at 16 kHz
}
socket.sendCloseStream({ type: "CloseStream" }); // lwd sends the last results, then closes
`;
}

function browser({ params, host, tls, key, asksForKey }) {
  const [, ws] = schemes(tls);
  const protocols = asksForKey ? `, ["token", "${key}"]` : "";
  return `// In a page of this machine's, or one that server.allowed_origins names
const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
const recorder = new MediaRecorder(microphone);
const socket = new WebSocket("${ws}://${host}/v1/listen${query(params)}"${protocols});
recorder.ondataavailable = ({ data }) => data.size && socket.send(data);
recorder.onstop = () => socket.send('{"type":"CloseStream"}'); // and so ends with recorder.stop()
socket.onopen = () => recorder.start(100);
socket.onmessage = (event) => console.log(JSON.parse(event.data));
`;
}

// What is off or empty is written out for these: unless told so, each asks for something else than
// these defaults of the protocol's.
const LIVEKIT_OFF = {
  interim_results: "false",
  punctuate: "false",
  vad_events: "false",
  filler_words: "false",
  endpointing: "10",
};
const PIPECAT_OFF = { interim_results: "false", punctuate: "false", profanity_filter: "false" };
const LISTEN_OFF = { interim_results: "false", punctuate: "false", endpointing: "10" };

function withOff(params, off) {
  const chosen = new Set(params.map(([name]) => name));
  return [...params, ...Object.entries(off).filter(([name]) => !chosen.has(name))];
}

const OF_LIVEKIT = new Set([
  ...["model", "language", "interim_results", "punctuate", "smart_format", "numerals"],
  ...["filler_words", "profanity_filter", "vad_events", "keyterm", "dictation", "redact"],
  ...["utterance_end_ms", "endpointing"],
]);

function livekit({ params, host, tls, key }) {
  const [http] = schemes(tls);
  const [taken, left] = parted(withOff(params, LIVEKIT_OFF), OF_LIVEKIT);
  const options = taken.map(([name, value]) => [
    name === "endpointing" ? "endpointing_ms" : name,
    value,
  ]);
  return `# pip install livekit-plugins-deepgram
# For an agent's session: AgentSession(stt=stt, ...)
from livekit.plugins import deepgram

${omitted(left)}stt = deepgram.STT(
    api_key="${key}",
    base_url="${http}://${host}/v1/listen",
${pythonArguments(options)})
`;
}

const OF_PIPECAT = new Set([
  ...["model", "language", "interim_results", "punctuate", "smart_format", "numerals"],
  ...["profanity_filter", "keyterm", "dictation", "redact", "replace", "utterance_end_ms"],
  ...["endpointing", "detect_entities"],
]);

function pipecat({ params, host, tls, key }) {
  const [, ws] = schemes(tls);
  const [taken, left] = parted(withOff(params, PIPECAT_OFF), OF_PIPECAT);
  return `# pip install "pipecat-ai[deepgram]"
# For a bot's pipeline: Pipeline([..., stt, ...])
from pipecat.services.deepgram.stt import DeepgramSTTService

${omitted(left)}stt = DeepgramSTTService(
    api_key="${key}",
    base_url="${ws}://${host}",
    settings=DeepgramSTTService.Settings(
${indented(pythonArguments(taken))}    ),
)
`;
}

// What a framework takes of what is chosen, and what it does not.
function parted(params, names) {
  return [true, false].map((isTaken) => params.filter(([name]) => names.has(name) === isTaken));
}

function omitted(params) {
  const names = [...new Set(params.map(([name]) => name))];
  return names.length ? `# Chosen, but not to be had here: ${names.join(", ")}\n` : "";
}

function shell({ params, host, tls, key, asksForKey }) {
  const [http, ws] = schemes(tls);
  const mixed = omitted(params.filter(([name]) => name === "multichannel"));
  const header = asksForKey ? ` -H "Authorization: Token ${key}"` : "";
  return `# a file, with lwd's own client, which in a checkout is .venv/bin/lwd
${mixed}lwd listen --url ${ws}://${host}${asksForKey ? ` --key ${key}` : ""}${listenOptions(params)} FILE

# why a stream is refused, in words
curl -i${header} \\
  "${http}://${host}/v1/listen${query(params)}"

# models, and how lwd is
curl${header} ${http}://${host}/v1/models
curl ${http}://${host}/v1/status
`;
}

const OF_LISTEN = new Set(["model", "language", "endpointing"]);
const SWITCHES_OF_LISTEN = { interim_results: "interim", punctuate: "punctuate" };

function listenOptions(params) {
  const options = withOff(params, LISTEN_OFF).map(([name, value]) => listenOption(name, value));
  return options.map((option) => option && ` \\\n  ${option}`).join("");
}

// Empty for what it does anyway, and for the channels, all of which it mixes.
function listenOption(name, value) {
  if (name in SWITCHES_OF_LISTEN) {
    return value === "false" ? `--no-${SWITCHES_OF_LISTEN[name]}` : "";
  }
  if (name === "multichannel") {
    return "";
  }
  return OF_LISTEN.has(name) ? `--${name} ${quoted(value)}` : `--param ${quoted(`${name}=${value}`)}`;
}

function quoted(text) {
  return /^[\w=.,:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function isApart(params) {
  return params.some(([name]) => name === "multichannel");
}

function schemes(tls) {
  return tls ? ["https", "wss"] : ["http", "ws"];
}

export function query(params) {
  const text = new URLSearchParams(params).toString();
  return text ? `?${text}` : "";
}

// Values of a repeated name become a list.
function grouped(params) {
  const names = new Map();
  for (const [name, value] of params) {
    names.set(name, [...(names.get(name) ?? []), value]);
  }
  return [...names].map(([name, values]) => [name, LISTS.has(name) ? values : values.at(-1)]);
}

const LISTS = new Set(["keyterm", "redact", "replace", "search"]);

function pythonDict(params) {
  // Values as strings: what the SDK makes of True differs between its versions.
  const lines = grouped(params).map(([name, value]) => `    "${name}": ${JSON.stringify(value)},`);
  return `{\n${lines.join("\n")}\n}`;
}

function pythonArguments(params) {
  return grouped(params)
    .map(([name, value]) => `    ${name}=${pythonValue(value)},\n`)
    .join("");
}

function pythonValue(value) {
  const plain = { true: "True", false: "False" }[value];
  return plain ?? (/^\d+$/.test(value) ? value : JSON.stringify(value));
}

function jsObject(params) {
  const lines = grouped(params).map(([name, value]) => `  ${name}: ${JSON.stringify(value)},`);
  return `{\n${lines.join("\n")}\n}`;
}

function indented(text) {
  return text.replace(/^(?=.)/gm, "    ");
}
