// The operations view: what lwd is at, asked for every two seconds while somebody looks.

import { $, h, prose } from "./dom.js";
import { bytes, duration, percent, quantile, seconds } from "./figures.js";
import { ask } from "./key.js";
import { alike, ENDED, REFUSED } from "./outcomes.js";

const EVERY_MS = 2000;
const WINDOW = 151; // readings that latencies are taken over: five minutes
const NEWEST = 10; // rejections that are shown without being asked for

export class Operations {
  constructor() {
    this.readings = []; // [when in ms, what lwd told], the oldest first
    this.timer = null;
  }

  start() {
    this.stop();
    this.timer = setInterval(() => this.#look(), EVERY_MS);
    return this.#look();
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
  }

  async #look() {
    if (this.isLooking || document.hidden) {
      return;
    }
    this.isLooking = true;
    try {
      const [now, refused] = await Promise.all([
        told("/v1/status/operations"),
        told("/v1/status/rejections"),
      ]);
      if (this.readings.at(-1)?.[1].uptime_s > now.uptime_s) {
        this.readings = []; // another daemon, which counts from its own start
      }
      this.readings.push([performance.now(), now]);
      this.readings.splice(0, this.readings.length - WINDOW);
      this.#show(now, refused.rejections);
    } catch {
      const older = this.readings.length ? "; what is below is older" : "";
      say($("#operations-state"), `lwd does not answer${older}.`);
    } finally {
      this.isLooking = false;
    }
  }

  #show(now, rejections) {
    const free = Math.max(0, now.streams.limit - now.streams.open);
    const fault = now.fault ?? (free ? null : "it is full");
    const taken = fault ? `takes no new streams: ${fault}` : "takes new streams";
    const concerns = now.concerns.map((text) => ` ${text[0].toUpperCase()}${text.slice(1)}.`);
    say($("#operations-state"), `lwd ${now.version} ${taken}.${concerns.join("")}`);
    const queued = now.models.reduce((sum, model) => sum + model.queued, 0);
    $("#tiles").replaceChildren(
      tile("Open streams", now.streams.open, `of ${now.streams.limit}`),
      tile("Free", free, "more streams"),
      this.#latencyTile("Latency of finals", "final"),
      this.#latencyTile("Latency of interims", "interim"),
      tile("Queue", queued, queued === 1 ? "window waits" : "windows wait"),
      tile("Up for", duration(now.uptime_s), `daemon ${bytes(now.resident_bytes)}`),
    );
    rows(
      $("#models"),
      now.models.map((model) => this.#modelRow(model)),
      6,
      "No model is loaded.",
    );
    rows($("#streams"), now.streams.list.map(streamRow), 5, "No stream is open.");
    $("#errors").replaceChildren(...errors(now));
    showRejections(rejections);
  }

  // Over the time that is looked at, or since the start where nothing came in it.
  #latencyTile(name, kind) {
    const [[from, first], [to, last]] = [this.readings[0], this.readings.at(-1)];
    const [before, now] = [first.latency[kind], last.latency[kind]];
    const isRecent = quantile(0.5, now, before) !== null;
    const earlier = isRecent ? before : [];
    const [middle, most] = [0.5, 0.95].map((share) => quantile(share, now, earlier));
    if (middle === null) {
      return tile(name, "–", "none yet");
    }
    const span = isRecent ? `, last ${duration((to - from) / 1000)}` : " since start";
    return tile(name, seconds(middle), `median${span}`, `95\u00a0% within ${seconds(most)}`);
  }

  #modelRow(model) {
    const [before, now] = [this.readings.at(-6) ?? this.readings[0], this.readings.at(-1)];
    const earlier = before[1].models.find(({ name }) => name === model.name);
    const passed = ((now[0] - before[0]) / 1000) * model.engines;
    const busy =
      earlier && passed > 0 ? percent(Math.min(1, (model.busy_s - earlier.busy_s) / passed)) : "–";
    const answering = `${model.answering} of ${model.engines}`;
    return [model.name, answering, busy, model.queued, bytes(model.memory_bytes), model.restarts];
  }
}

async function told(path) {
  const response = await ask(path);
  if (!response.ok) {
    throw new Error(`${path}: ${response.status}`);
  }
  return response.json();
}

function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function tile(name, value, ...remarks) {
  return h(
    "div",
    {},
    h("dt", {}, name),
    h(
      "dd",
      {},
      h("strong", {}, String(value)),
      ...remarks.map((remark) => h("span", {}, remark)),
    ),
  );
}

function rows(body, cells, columns, nothing) {
  const made = cells.map(([first, ...rest]) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, String(first)),
      ...rest.map((cell) => h("td", {}, String(cell))),
    ),
  );
  const empty = h("tr", {}, h("td", { colspan: columns, class: "quiet" }, nothing));
  body.replaceChildren(...(made.length ? made : [empty]));
}

function streamRow(stream) {
  const id = stream.request_id.slice(-12);
  return [
    id,
    stream.key_id ?? "none",
    stream.model,
    duration(stream.age_s),
    seconds(stream.backlog_s),
  ];
}

function errors(now) {
  const all = [
    ...Object.entries(now.ended).map(([name, count]) => [ENDED[name], count]),
    ...Object.entries(now.rejected).map(([name, count]) => [REFUSED[name], count]),
    ["connections refused, as there were too many", now.connections_refused],
  ];
  const some = all.filter(([name, count]) => name && count > 0);
  if (!some.length) {
    return [h("div", {}, h("dt", {}, "None"), h("dd", {}, "0"))];
  }
  return some.map(([name, count]) => h("div", {}, h("dt", {}, name), h("dd", {}, String(count))));
}

// The newest are shown, and those before where somebody unfolds them.
function showRejections(rejections) {
  const all = alike(rejections).map(rejection);
  const nothing = h("li", { class: "quiet" }, "Nothing was refused.");
  $("#rejections").replaceChildren(...(all.length ? all.slice(0, NEWEST) : [nothing]));
  const older = all.slice(NEWEST);
  $("#older-rejections").replaceChildren(...older);
  $("#older").hidden = !older.length;
  $("#older summary").textContent = `${older.length} more`;
}

function rejection(one) {
  return h(
    "li",
    {},
    h("p", {}, h("strong", {}, one.why), " ", ...prose(one.remedy)),
    h("p", { class: "quiet" }, detail(one)),
  );
}

function detail(one) {
  const when = new Date(one.at).toLocaleTimeString();
  const times = one.count > 1 ? `${one.count} times, last at ${when}` : when;
  const key = one.key_id ? `key ${one.key_id}` : "";
  return [times, one.status, one.err_code, one.route, key, one.request_id]
    .filter(Boolean)
    .join(" · ");
}
