// A page in headless Chromium: the browser's own WebSocket, its key in the sub-protocol.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import { installed, obey, OPTIONS, tell, tellMessage } from "./obey.mjs";

const { chromium } = installed("playwright-core");

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

function chromiumPath() {
  const candidates = process.env.PATH.split(delimiter).flatMap((directory) =>
    NAMES.map((name) => join(directory, name)),
  );
  const path = candidates.find(isExecutable);
  if (!path) {
    throw new Error("there is no Chromium; on Debian, apt-get install chromium");
  }
  return path;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

// The functions of the page itself.
function openInPage([url, key]) {
  window.socket = new WebSocket(url, ["token", key]);
  window.socket.onopen = () => window.tell("open");
  window.socket.onmessage = (event) => window.tellMessage(JSON.parse(event.data));
  window.socket.onclose = (event) => window.tell("close", { code: event.code });
  window.socket.onerror = () => window.tell("error", { text: "the WebSocket's error event" });
}

function sendInPage(base64) {
  window.socket.send(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

function orderInPage(type) {
  window.socket.send(JSON.stringify({ type }));
}

class Client {
  constructor(page, address, key) {
    this.page = page;
    this.url = `ws://${address}/v1/listen?${new URLSearchParams(OPTIONS)}`;
    this.key = key;
  }

  open() {
    return this.page.evaluate(openInPage, [this.url, this.key]);
  }

  audio(data) {
    return this.page.evaluate(sendInPage, data.toString("base64"));
  }

  keep_alive() {
    return this.page.evaluate(orderInPage, "KeepAlive");
  }

  finalize() {
    return this.page.evaluate(orderInPage, "Finalize");
  }

  close() {
    return this.page.evaluate(orderInPage, "CloseStream");
  }
}

// Chromium's sandbox refuses root, and the page is this one.
const browser = await chromium.launch({ executablePath: chromiumPath(), args: ["--no-sandbox"] });
const page = await browser.newPage();
await page.exposeFunction("tell", tell);
await page.exposeFunction("tellMessage", tellMessage);
await obey(browser.version().split(".")[0], (address, key) => new Client(page, address, key));
