// A transcript written down: as text, JSON, SubRip and WebVTT. Knows nothing of the page.
// https://www.w3.org/TR/webvtt1/

import { captions } from "./captions.js";

export const FORMATS = {
  txt: { type: "text/plain", write: toText },
  json: { type: "application/json", write: toJson },
  srt: { type: "application/x-subrip", write: toSrt },
  vtt: { type: "text/vtt", write: toVtt },
};

export function toText(transcript) {
  const lines = transcript.lines.filter((line) => line.settled);
  return lines.map((line) => `${speaker(transcript, line)}${settledText(line)}\n`).join("");
}

// The final Results as they came: what an application would have got.
export function toJson(transcript) {
  return `${JSON.stringify(transcript.finals, null, 2)}\n`;
}

export function toSrt(transcript) {
  const label = (line) => speaker(transcript, line);
  return captions(transcript, label)
    .map((one, n) => `${n + 1}\n${span(one, ",")}\n${label(one)}${one.lines.join("\n")}\n\n`)
    .join("");
}

// No player shows the tag of a voice, so it takes no room.
export function toVtt(transcript) {
  const cues = captions(transcript).map((one) => {
    const voice = transcript.channels > 1 ? `<v Channel ${one.channel + 1}>` : "";
    return `${span(one, ".")}\n${voice}${one.lines.map(escaped).join("\n")}\n\n`;
  });
  return `WEBVTT\n\n${cues.join("")}`;
}

// What stands before the words of a channel, where there are more.
function speaker(transcript, { channel }) {
  return transcript.channels > 1 ? `Channel ${channel + 1}: ` : "";
}

function settledText(line) {
  return line.settledWords.map((word) => word.text).join(" ");
}

function span({ start, end }, point) {
  return `${clock(start, point)} --> ${clock(end, point)}`;
}

function clock(seconds, point) {
  const ms = Math.round(seconds * 1000);
  const [h, m, s] = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map(Math.floor);
  return `${padded(h, 2)}:${padded(m, 2)}:${padded(s, 2)}${point}${padded(ms % 1000, 3)}`;
}

function padded(number, length) {
  return String(number).padStart(length, "0");
}

function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
