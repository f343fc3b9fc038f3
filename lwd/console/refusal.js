// Why lwd refused something. Of a stream a browser does not tell, so the same request is made again
// by fetch: what would refuse the stream refuses that too, with words and the stream's own id.

import { askOnce } from "./key.js";

export const UNREACHED = {
  why: "lwd cannot be reached.",
  remedy: "See whether it runs, and whether the network lets you.",
};

// No such request is answered with what lwd remembers either.
const STRANGERS = [401, 403];

// `{why, remedy, detail}` for a request of a refused stream's path, or for another that was refused;
// `wantsKey` where another key might help; `parameter` is to blame, if one is, and takes what `takes`
// says.
export async function explain(request) {
  let response;
  try {
    response = await request;
  } catch {
    return UNREACHED;
  }
  const body = await response.json().catch(() => ({}));
  const id = response.headers.get("dg-request-id");
  const detail = [response.status, body.err_code ?? body.error_code, id]
    .filter(Boolean)
    .join(" · ");
  const known = STRANGERS.includes(response.status) ? null : await remembered(id);
  const isPlain = !known || known.reason === "bad_request";
  const { why, remedy } = isPlain ? plain(response.status, body) : known;
  const { parameter, remedy: takes } = known ?? {};
  return { why, remedy, detail, wantsKey: response.status === 401, parameter, takes };
}

// What lwd remembers of the request; the answer itself has only Deepgram's words.
async function remembered(id) {
  const response = await askOnce("/v1/status/rejections").catch(() => null);
  if (!response?.ok) {
    return null;
  }
  const { rejections } = await response.json();
  return rejections.find((rejection) => rejection.request_id === id) ?? null;
}

function plain(status, { err_msg: message = "lwd refused the stream." }) {
  if (status === 400 && message.includes("is a WebSocket")) {
    return {
      why: "lwd takes this stream now; a moment ago it did not, or something before it lets no WebSocket pass.",
      remedy: "Try again. A proxy must pass Upgrade on.",
    };
  }
  return status === 401
    ? {
        why: `lwd does not take this key: ${message}`,
        remedy: "Type another, or have one made with lwd keys add.",
      }
    : { why: message, remedy: status === 400 ? "Change the option, and try again." : "" };
}
