// SPDX-License-Identifier: MIT
// A coax_chat process on a free port of the loopback interface.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { deadline_ms, poll_until } from "./wait.mjs";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL"))); // a failed test must not leave servers behind

export class ChatServer {
  // Answers when connections are accepted. `port` 0 takes a free one; `settings` such as {"session.ping_interval": "1s"}.
  static async start({ port = 0, settings = {} } = {}) {
    const server = new ChatServer();
    await server.#launch(port, settings);
    return server;
  }

  async #launch(port, settings) {
    const program = process.env.COAX_CHAT_PROGRAM;
    assert.ok(program, "COAX_CHAT_PROGRAM must name the built coax_chat");
    const overrides = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    this.settings = settings;
    this.child = spawn(program, ["--listen", `127.0.0.1:${port}`, ...overrides], { stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.child);
    this.log = "";
    this.port = undefined;
    this.stopping = false;
    this.child.stderr.setEncoding("utf8").on("data", (text) => { this.log = (this.log + text).slice(-20_000); });
    this.exited = new Promise((resolve) => this.child.once("close", (code, signal) => {
      running.delete(this.child);
      resolve({ code, signal });
      if (this.port && !this.stopping) { // every later test could only wait in vain
        console.error(`coax_chat ended unasked (${code ?? signal}); its log:\n${this.log}`);
        process.exit(1);
      }
    }));

    const announced = new Promise((resolve, reject) => {
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        const found = /^Chat is at (http:\/\/127\.0\.0\.1:(\d+)\/)$/.exec(line);
        if (found) resolve(found);
      });
      this.child.once("error", reject);
      this.exited.then(({ code, signal }) => reject(new Error(`coax_chat ended at start (${code ?? signal}):\n${this.log}`)));
    });
    const [, url, number] = await this.#limited(announced, "coax_chat says where it is");
    this.url = url;
    this.port = Number(number);
  }

  // The WebSocket address for a person; no name makes a guest.
  cable_url(name) {
    const query = name === undefined ? "" : `?name=${encodeURIComponent(name)}`;
    return `ws://127.0.0.1:${this.port}/cable${query}`;
  }

  async health() {
    const response = await fetch(`${this.url}health`, { headers: { accept: "application/json" } });
    assert.equal(response.status, 200);
    return response.json();
  }

  // Nothing is registered any more than `expected` says.
  async settles_at(expected) {
    const same = (health) => Object.entries(expected).every(([key, value]) => health[key] === value);
    await poll_until(`health is ${JSON.stringify(expected)}`, () => this.health(), same);
  }

  // Asks the server to stop and checks that it did so cleanly.
  async stop() {
    this.stopping = true;
    this.child.kill("SIGTERM");
    const { code, signal } = await this.#limited(this.exited, "coax_chat ends after SIGTERM");
    assert.equal(signal, null, `coax_chat was ended by ${signal}:\n${this.log}`);
    assert.equal(code, 0, `coax_chat's exit code:\n${this.log}`);
  }

  // The same server again, at the same address.
  async start_again() {
    await this.#launch(this.port, this.settings);
  }

  #limited(promise, what) {
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not within ${deadline_ms} ms: ${what}; its log:\n${this.log}`)), deadline_ms);
    });
    return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
  }
}
