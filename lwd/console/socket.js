// One stream of lwd's: a WebSocket, its messages and its end. Knows nothing of audio.

import { query } from "./snippets.js";

const CLOSES = {
  1006: "The connection broke.",
  1008: "lwd could not decode the audio.",
  1011: "lwd heard nothing for a while, or failed.",
  1012: "lwd is stopping or starting again.",
};

export function path(params) {
  return `/v1/listen${query(params)}`;
}

// `on` has `message(message, text)` and `closed(why)`; `why` is null after a stream that came to its
// end. Resolves to the open socket, or to null when it was refused.
export function connect(params, key, on) {
  const url = new URL(path(params), location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url, key ? ["token", key] : []);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => on.message(JSON.parse(data), data);
  return new Promise((resolve) => {
    socket.onclose = () => resolve(null);
    socket.onopen = () => {
      socket.onclose = ({ code, reason }) => on.closed(why(code, reason));
      resolve(socket);
    };
  });
}

// Asks for what is left; lwd closes the socket after it.
export function finish(socket) {
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ type: "CloseStream" }));
  }
}

// Closes at once, whatever is left: a stream that came to its end.
export function abandon(socket) {
  const { onclose } = socket;
  socket.onmessage = socket.onclose = null;
  socket.close();
  onclose?.({ code: 1000 });
}

function why(code, reason) {
  if (code === 1000) {
    return null;
  }
  return `${CLOSES[code] ?? "lwd closed the stream."} (${code}${reason ? ` ${reason}` : ""})`;
}
