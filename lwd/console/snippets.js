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
  curl: { label: "curl", write: curl },
};

const RAW = [
  ["encoding", "linear16"],
  ["sample_rate", "16000"],
];

function python({ params, host, tls, key }) {
  const [http, ws] = schemes(tls);
  return `# pip install deepgram-sdk
from deepgram import DeepgramClient, DeepgramClientEnvironment
from deepgram.core.events import EventType

lwd = DeepgramClientEnvironment(
    base="${http}://${host}",
    production="${ws}://${host}",
    agent="${ws}://${host}",
    agent_rest="${http}://${host}",
)
client = DeepgramClient(api_key="${key}", environment=lwd)

options = ${pythonDict([["model", "default"], ...RAW, ...params])}
with client.listen.v1.connect(**options) as socket:
    socket.on(EventType.MESSAGE, print)
    # from another thread: socket.send_media(audio), then socket.send_close_stream()
    socket.start_listening()
`;
}

function javascript({ params, host, tls, key }) {
  const [http, ws] = schemes(tls);
  return `// npm install @deepgram/sdk
import { DeepgramClient } from "@deepgram/sdk";

const [http, ws] = ["${http}://${host}", "${ws}://${host}"];
const client = new DeepgramClient({
  apiKey: "${key}",
  environment: { base: http, production: ws, agent: ws, agentRest: http },
});

const socket = await client.listen.v1.connect(${jsObject([["model", "default"], ...RAW, ...params])});
socket.on("message", (message) => console.log(message));
socket.on("open", () => {
  // socket.sendMedia(audio), then socket.sendCloseStream({ type: "CloseStream" })
});
socket.connect();
`;
}

function browser({ params, host, tls, key, asksForKey }) {
  const [, ws] = schemes(tls);
  const protocols = asksForKey ? `, ["token", "${key}"]` : "";
  return `const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
const recorder = new MediaRecorder(microphone);
const socket = new WebSocket("${ws}://${host}/v1/listen${query(params)}"${protocols});
recorder.ondataavailable = (event) => socket.send(event.data);
socket.onopen = () => recorder.start(100);
socket.onmessage = (event) => console.log(JSON.parse(event.data));
`;
}

const OF_LIVEKIT = new Set([
  ...["model", "language", "interim_results", "punctuate", "smart_format", "numerals"],
  ...["filler_words", "profanity_filter", "vad_events", "keyterm"],
]);

function livekit({ params, host, tls, key }) {
  const [http] = schemes(tls);
  const taken = params.filter(([name]) => OF_LIVEKIT.has(name));
  const endpointing = params.filter(([name]) => name === "endpointing");
  const options = [...taken, ...endpointing.map(([, value]) => ["endpointing_ms", value])];
  return `# pip install livekit-plugins-deepgram
from livekit.plugins import deepgram

stt = deepgram.STT(
    api_key="${key}",
    base_url="${http}://${host}/v1/listen",
${pythonArguments(options)})
`;
}

function pipecat({ params, host, tls, key }) {
  const [, ws] = schemes(tls);
  return `# pip install "pipecat-ai[deepgram]"
from pipecat.services.deepgram.stt import DeepgramSTTService

stt = DeepgramSTTService(
    api_key="${key}",
    base_url="${ws}://${host}",
    settings=DeepgramSTTService.Settings(
${indented(pythonArguments(params))}    ),
)
`;
}

function curl({ params, host, tls, key, asksForKey }) {
  const [http, ws] = schemes(tls);
  const header = asksForKey ? ` -H "Authorization: Token ${key}"` : "";
  return `# curl speaks no WebSocket to the end; websocat does. Sixteen-bit audio from stdin:
websocat --binary${header} \\
  "${ws}://${host}/v1/listen${query([...RAW, ...params])}" < audio.raw

# why a handshake is refused, in words:
curl -i${header} \\
  "${http}://${host}/v1/listen${query([...RAW, ...params])}"

# models, and how lwd is
curl${header} ${http}://${host}/v1/models
curl ${http}://${host}/v1/status
`;
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
