// SPDX-License-Identifier: MIT
// The stock Action Cable client in Node: the browser's globals it touches, the WebSocket of `ws`, and a record of all it sees.
import { load } from "./packages.mjs";
import { Journal } from "./wait.mjs";

const { WebSocket } = load("ws");
globalThis.addEventListener ??= () => {}; // the client listens for `visibilitychange`, which Node has not
globalThis.removeEventListener ??= () => {};

class RecordingSocket extends WebSocket {
  frames = [];
  constructor(url, protocols) {
    super(url, protocols);
    this.on("message", (data) => this.frames.push(JSON.parse(data)));
  }
}

// The client's module and version, `major` 7 or 8.
export function action_cable(major) {
  const cable = load(`actioncable${major}`);
  cable.adapters.WebSocket = RecordingSocket;
  return { cable, version: load(`actioncable${major}/package.json`).version };
}

// One subscription and its journal of {kind: "connected" | "disconnected" | "rejected" | "received", value}.
class Tab extends Journal {
  constructor(consumer, params) {
    super();
    this.subscription = consumer.subscriptions.create(params, {
      connected: (value) => this.add({ kind: "connected", value }),
      disconnected: (value) => this.add({ kind: "disconnected", value }),
      rejected: () => this.add({ kind: "rejected" }),
      received: (value) => this.add({ kind: "received", value }),
    });
    this.identifier = this.subscription.identifier;
  }

  connected(from = 0) { return this.wait("connected", (entry) => entry.kind === "connected", from); }
  rejected() { return this.wait("rejected", (entry) => entry.kind === "rejected"); }

  async message(what, matches, from = 0) {
    return (await this.wait(what, (entry) => entry.kind === "received" && matches(entry.value), from)).value;
  }
  line(text, from = 0) { return this.message(`the line ${text}`, (m) => m.type === "line" && m.text === text, from); }
  snapshot(from = 0) { return this.message("the snapshot", (m) => m.type === "snapshot", from); }
  presence(name, here, from = 0) {
    return this.message(`${name} ${here ? "came" : "went"}`, (m) => m.type === "presence" && m.name === name && m.here === here, from);
  }

  received(type) {
    return this.entries.filter((entry) => entry.kind === "received" && entry.value.type === type).map((entry) => entry.value);
  }
  speak(text) { return this.subscription.perform("speak", { text }); }
  leave() { this.subscription.unsubscribe(); }
}

export class ChatClient {
  constructor(cable, url) { this.consumer = cable.createConsumer(url); }

  subscribe(params) { return new Tab(this.consumer, params); }
  enter(room) { return this.subscribe({ channel: "ChatChannel", room }); }
  async entered(room) {
    const tab = this.enter(room);
    await tab.connected();
    return tab;
  }

  // Every frame of the present connection, parsed.
  get frames() { return this.consumer.connection.webSocket.frames; }
  close() { this.consumer.disconnect(); }
}
