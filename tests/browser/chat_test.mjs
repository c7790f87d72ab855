// SPDX-License-Identifier: MIT
// What the chat sample itself promises, seen through the stock client.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, afterEach, before, describe, it } from "node:test";
import { action_cable, ChatClient } from "./support/chat_client.mjs";
import { ChatServer } from "./support/chat_server.mjs";
import { deadline_ms } from "./support/wait.mjs";

const { cable } = action_cable(8);

describe("the chat", () => {
  let server;
  let clients = [];
  const visit = (url) => {
    const made = new ChatClient(cable, url);
    clients.push(made);
    return made;
  };
  const client = (name) => visit(server.cable_url(name));

  before(async () => { server = await ChatServer.start(); });
  after(() => server.stop());
  afterEach(async () => {
    clients.forEach((each) => each.close());
    clients = [];
    await server.settles_at({ sessions: 0, subscriptions: 0, streams: 0 });
  });

  it("calls who gives no name a guest, and trims a name", async () => {
    assert.match((await (await client().entered("names")).snapshot()).you, /^guest-[a-z0-9]{4}$/);
    assert.match((await (await client("  ").entered("names")).snapshot()).you, /^guest-[a-z0-9]{4}$/);
    assert.equal((await (await client(" Zoë 🎈 ").entered("names")).snapshot()).you, "Zoë 🎈");
  });

  for (const [what, encoded] of [
    ["a control character", "a%07b"], ["bytes that are not UTF-8", "a%FF"], ["a direction override", "a%E2%80%AEb"], ["25 characters", "x".repeat(25)],
  ]) {
    it(`refuses a name with ${what}`, async () => {
      const bad = visit(`ws://127.0.0.1:${server.port}/cable?name=${encoded}`);
      const tab = bad.enter("names");
      const { value } = await tab.wait("disconnected", (entry) => entry.kind === "disconnected");
      assert.deepEqual(value, { willAttemptReconnect: false });
      assert.deepEqual(bad.frames, [{ type: "disconnect", reason: "unauthorized", reconnect: false }]);
    });
  }

  it("counts several tabs of one person once, until the last one goes", async () => {
    const observer = await client("observer").entered("tabs");
    const first = client("ann"), second = client("ann");
    await first.entered("tabs");
    assert.equal((await observer.presence("ann", true)).count, 2);
    const tab = await second.entered("tabs");
    assert.deepEqual((await tab.snapshot()).names, ["ann", "observer"]);

    first.close();
    await server.settles_at({ sessions: 2 });
    tab.speak("still here");
    await observer.line("still here"); // sentinel: of ann there was one coming and no going
    assert.deepEqual(observer.received("presence").filter(({ name }) => name === "ann").map(({ here }) => here), [true]);

    second.close();
    const gone = await observer.presence("ann", false);
    assert.equal(gone.count, 1);
    assert.deepEqual((await (await client("late").entered("tabs")).snapshot()).names, ["late", "observer"]);
  });

  it("tells others that somebody is typing, at most once a second", async () => {
    const ann = await client("ann").entered("typing"), bob = await client("bob").entered("typing");
    for (let n = 0; n < 3; ++n) ann.subscription.perform("typing");
    ann.speak("done");
    await bob.line("done");
    assert.deepEqual(bob.received("typing"), [{ type: "typing", name: "ann" }]);
  });

  it("ignores blank text and wrong types, and refuses text that is too long", async () => {
    const ann = await client("ann").entered("bounds"), bob = await client("bob").entered("bounds");
    for (const text of ["", "  \n\t ", 7, null, { text: "x" }, ["x"], undefined]) ann.speak(text);
    ann.speak("é".repeat(1001)); // 2002 bytes
    const refused = await ann.message("refused", (message) => message.type === "refused");
    assert.deepEqual(refused, { type: "refused", reason: "too_long", limit: 2000 });
    ann.speak(`  ${"é".repeat(1000)} `);
    await bob.line("é".repeat(1000));
    assert.equal(bob.received("line").length, 1);
    assert.equal(bob.received("refused").length, 0);
  });

  it("calls no method that is not an action", async () => {
    const ann = await client("ann").entered("actions");
    for (const action of ["subscribed", "unsubscribed", "receive", "describe", "nothing", "", "__proto__"]) ann.subscription.perform(action, { text: "x" });
    ann.subscription.send({ text: "no action at all" });
    ann.speak("sentinel");
    await ann.line("sentinel");
    assert.equal(ann.received("line").length, 1);
    assert.equal(ann.received("snapshot").length, 1);
    assert.deepEqual((await (await client("late").entered("actions")).snapshot()).names, ["ann", "late"]);
  });

  it("shows a newcomer the last 50 lines, in order", async () => {
    const ann = await client("ann").entered("history");
    for (let n = 0; n < 60; ++n) ann.speak(`line ${n}`);
    await ann.line("line 59");
    const { lines } = await (await client("late").entered("history")).snapshot();
    assert.deepEqual(lines.map((line) => line.text), Array.from({ length: 50 }, (_, n) => `line ${n + 10}`));
    assert.deepEqual(lines, ann.received("line").slice(-50));
  });

  it("loses nothing between the snapshot and the live lines, however often somebody comes", async () => {
    const speaker = await client("speaker").entered("gapless");
    let next = 0, talking = true;
    const say = () => { if (talking) speaker.speak(String(next++)); };
    const hear = speaker.add.bind(speaker);
    speaker.add = (entry) => { hear(entry); if (entry.value?.type === "line") say(); }; // each line heard causes the next
    for (let n = 0; n < 5; ++n) say();

    const visitor = client("visitor");
    for (let visit = 0; visit < 40; ++visit) {
      const tab = await visitor.entered("gapless");
      const live = () => tab.entries.slice(tab.entries.findIndex((entry) => entry.value?.type === "snapshot") + 1)
        .filter((entry) => entry.value?.type === "line").map((entry) => entry.value);
      await tab.until("10 live lines", () => live().length >= 10);
      const { lines } = await tab.snapshot();
      const ids = new Map([...lines, ...live()].map((line) => [line.id, Number(line.text)]));
      const numbers = [...ids.values()];
      assert.deepEqual(numbers, Array.from(numbers, (_, n) => numbers[0] + n), `visit ${visit}`);
      tab.leave();
    }
    talking = false;
  });

  it("has a room of its own for each name that is allowed, and forgets empty ones rather than grow", async () => {
    const ann = client("ann");
    for (let n = 0; n < 300; ++n) {
      const tab = await ann.entered(`room-${n}`);
      tab.speak("hello");
      await tab.line("hello");
      tab.leave();
    }
    assert.deepEqual((await (await ann.entered("room-299")).snapshot()).lines.map((line) => line.text), ["hello"]);
    assert.deepEqual((await (await ann.entered("room-0")).snapshot()).lines, []);
  });
});

describe("the program coax_chat", () => {
  const run = (...args) => spawnSync(process.env.COAX_CHAT_PROGRAM, args, { encoding: "utf8", timeout: deadline_ms });

  it("explains itself", () => {
    const { status, stdout } = run("--help");
    assert.equal(status, 0);
    for (const option of ["--config", "--listen", "--set"]) assert.ok(stdout.includes(option), stdout);
  });

  for (const [args, named] of [
    [["--lsten", "127.0.0.1:0"], "--lsten"], [["--listen"], "--listen"], [["--set", "session.ping_interval"], "session.ping_interval"],
    [["--set", "session.no_such_key=1"], "no_such_key"], [["--config", "no-such-file.toml"], "no-such-file.toml"],
  ]) {
    it(`refuses to start with ${args.join(" ")}, and says why`, () => {
      const { status, stdout, stderr } = run(...args);
      assert.equal(status, 78);
      assert.equal(stdout, "");
      assert.ok(stderr.includes(named), stderr);
    });
  }
});
