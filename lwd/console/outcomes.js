// What became of requests and streams that did not go well, in words for whoever looks after lwd.
// Knows nothing of the page.

// By the outcome of a stream, of those that broke off.
export const ENDED = {
  client_gone: "clients that went without closing",
  idle_timeout: "clients that fell silent",
  undecodable_audio: "streams whose audio could not be decoded",
  callback_broken: "streams whose callback broke",
  slow_client: "clients that did not take their results",
  server_error: "streams that failed in lwd",
  drained: "streams ended because lwd stopped",
};

// By the reason for which a request was refused.
export const REFUSED = {
  bad_request: "requests that lwd could make nothing of",
  auth: "requests without a good key",
  host: "requests by a name that is not lwd's",
  origin: "requests of pages of other sites",
  capacity: "streams beyond what lwd takes",
  key_streams: "streams beyond what their key may have open",
  key_rate: "streams that a key opened too fast",
  address_streams: "streams beyond what their address may have open",
  address_rate: "streams that an address opened too fast",
  draining: "requests while lwd was stopping",
  engine: "streams while no engine started",
  fault: "requests that lwd failed on",
};

// Rejections that are alike as one, with how many they are; the newest stands for all.
export function alike(rejections) {
  const groups = new Map();
  for (const one of rejections) {
    const kind = [one.why, one.remedy, one.status, one.err_code, one.route, one.key_id].join("\n");
    const group = groups.get(kind) ?? { ...one, count: 0 };
    groups.set(kind, { ...group, count: group.count + 1 });
  }
  return [...groups.values()];
}
