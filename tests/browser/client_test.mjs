// SPDX-License-Identifier: MIT
// The stock client, as npm has it, in Node against the chat sample: what every application does with it.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { action_cable, ChatClient } from "./support/chat_client.mjs";
import { ChatServer } from "./support/chat_server.mjs";

const nothing = { sessions: 0, subscriptions: 0, streams: 0 };

for (const major of [7, 8]) {
  const { cable, version } = action_cable(major);

  describe(`@rails/actioncable ${version}`, () => {
    let server;
    let clients = [];
    const client = (name) => {
      const made = new ChatClient(cable, server.cable_url(name));
      clients.push(made);
      return made;
    };

    before(async () => { server = await ChatServer.start(); });
    after(() => server.stop());
    // Each test must leave the server as it found it.
    afterEach(async () => {
      clients.forEach((each) => each.close());
      clients = [];
      await server.settles_at(nothing);
    });

    it("is welcomed, then told that its subscription is confirmed", async () => {
      const ann = client("ann");
      const tab = ann.enter("lobby");
      const { value } = await tab.connected();
      assert.deepEqual(value, { reconnected: false });
      assert.equal(ann.frames[0].type, "welcome"); // with more in it that the client ignores
      assert.equal(ann.consumer.connection.getProtocol(), "actioncable-v1-json");
      assert.equal(ann.frames.filter((frame) => frame.type === "confirm_subscription" && frame.identifier === tab.identifier).length, 1);

      const snapshot = await tab.snapshot();
      assert.equal(snapshot.room, "lobby");
      assert.equal(snapshot.you, "ann");
      assert.deepEqual(snapshot.names, ["ann"]);
      await server.settles_at({ status: "ok", sessions: 1, subscriptions: 1, streams: 1 });
    });

    for (const params of [
      { room: "Bad Room" }, { room: "" }, { room: "   " }, { room: 7 }, { room: null }, { room: ["lobby"] }, { room: "a".repeat(33) },
      { room: "a:b" }, {},
    ]) {
      it(`is rejected for the room ${JSON.stringify(params)}, and keeps its connection`, async () => {
        const ann = client("ann");
        const bad = ann.subscribe({ channel: "ChatChannel", ...params });
        await bad.rejected();
        assert.equal(bad.entries.some((entry) => entry.kind === "connected"), false);
        await ann.entered("lobby");
        await server.settles_at({ sessions: 1, subscriptions: 1 });
      });
    }

    it("is told nothing about a channel that is not there, and keeps its connection", async () => {
      const ann = client("ann");
      const missing = ann.subscribe({ channel: "NoSuchChannel" });
      const tab = await ann.entered("lobby");
      tab.speak("sentinel");
      await tab.line("sentinel");
      assert.deepEqual(ann.frames.filter((frame) => frame.identifier === missing.identifier), []);
      await server.settles_at({ sessions: 1, subscriptions: 1 });
      missing.leave(); // or the client would ask again and again
    });

    it("speaks, and both people in the room hear both", async () => {
      const ann = await client("ann").entered("both-ways");
      const bob = await client("bob").entered("both-ways");
      assert.equal(ann.speak("hello Bob"), true);
      assert.equal(bob.speak("hello Ann, ünïcödé 🎉 <b>\u2028\\\"'"), true);
      for (const tab of [ann, bob]) {
        assert.equal((await tab.line("hello Bob")).name, "ann");
        assert.equal((await tab.line("hello Ann, ünïcödé 🎉 <b>\u2028\\\"'")).name, "bob");
      }
    });

    it("hears only the rooms it is in", async () => {
      const ann = client("ann"), bob = client("bob");
      const [ann_one, ann_two] = [await ann.entered("one"), await ann.entered("two")];
      const bob_two = await bob.entered("two");
      ann_one.speak("for one only");
      await ann_one.line("for one only");
      ann_two.speak("sentinel");
      await bob_two.line("sentinel");
      await ann_two.line("sentinel");
      assert.equal(bob.frames.some((frame) => JSON.stringify(frame).includes("for one only")), false);
      assert.deepEqual(ann_two.received("line").map((line) => line.text), ["sentinel"]);
    });

    it("hears nothing more of a room after unsubscribing", async () => {
      const ann = client("ann"), bob = client("bob");
      const ann_left = await ann.entered("left"), ann_kept = await ann.entered("kept");
      const bob_left = await bob.entered("left"), bob_kept = await bob.entered("kept");

      ann_left.leave();
      await bob_left.presence("ann", false); // the server has done it
      const frames_before = ann.frames.length;
      bob_left.speak("unheard");
      await bob_left.line("unheard");
      bob_kept.speak("sentinel");
      await ann_kept.line("sentinel");
      assert.deepEqual(ann.frames.slice(frames_before).filter((frame) => frame.identifier === ann_left.identifier), []);
      await server.settles_at({ sessions: 2, subscriptions: 3, streams: 2 });
    });

    it("can subscribe, unsubscribe and subscribe 30 times without waiting, and is subscribed then", async () => {
      const observer = await client("observer").entered("quick");
      const ann = client("ann");
      (await ann.entered("lobby")).leave(); // the client sends nothing before its connection is open
      for (let round = 0; round < 30; ++round) {
        ann.enter("quick").leave();
        ann.enter("quick").leave();
      }
      const tab = await ann.entered("quick");
      tab.speak("after 61 subscriptions");
      await tab.line("after 61 subscriptions");
      await observer.line("after 61 subscriptions");

      // One subscription is one copy of each message, and one person in the room.
      tab.speak("once");
      await tab.line("once");
      tab.speak("sentinel");
      await tab.line("sentinel");
      assert.equal(tab.received("line").filter((line) => line.text === "once").length, 1);
      await server.settles_at({ sessions: 2, subscriptions: 2, streams: 1 });
      const late = await (await client("late").entered("quick")).snapshot();
      assert.deepEqual(late.names, ["ann", "late", "observer"]);
    });

    it("survives 30 rounds of subscribe, unsubscribe, subscribe that each wait for the last word", async () => {
      const ann = client("ann");
      (await ann.entered("lobby")).leave();
      for (let round = 0; round < 30; ++round) {
        ann.enter("rounds").leave();
        const tab = ann.enter("rounds");
        tab.speak(`round ${round}`);
        await tab.connected();
        if (round % 2) tab.speak(`confirmed ${round}`), await tab.line(`confirmed ${round}`);
        if (round < 29) tab.leave();
      }
      await server.settles_at({ sessions: 1, subscriptions: 1, streams: 1 });
    });

    it("keeps the order of 200 messages from each of two people, the same for both", async () => {
      const ann = await client("ann").entered("order"), bob = await client("bob").entered("order");
      for (let n = 0; n < 200; ++n) {
        ann.speak(`ann ${n}`);
        bob.speak(`bob ${n}`);
      }
      for (const tab of [ann, bob]) await tab.until("400 lines", () => tab.received("line").length >= 400);
      for (const name of ["ann", "bob"]) {
        const said = ann.received("line").filter((line) => line.name === name).map((line) => line.text);
        assert.deepEqual(said, Array.from({ length: 200 }, (_, n) => `${name} ${n}`));
      }
      assert.deepEqual(bob.received("line"), ann.received("line"));
    });

    it("comes back after a restart of the server, with its subscriptions", async () => {
      const { ConnectionMonitor } = cable;
      const usual = ConnectionMonitor.staleThreshold;
      ConnectionMonitor.staleThreshold = 2; // seconds; the monitor's own 6 make a slow test
      const own = await ChatServer.start({ settings: { "session.ping_interval": "1s" } });
      const people = ["ann", "bob"].map((name) => new ChatClient(cable, own.cable_url(name)));
      try {
        const tabs = [await people[0].entered("home"), await people[1].entered("home")];
        const seen = tabs.map((tab) => tab.entries.length);
        await own.stop();
        for (const [i, tab] of tabs.entries()) {
          const { value } = await tab.wait("disconnected", (entry) => entry.kind === "disconnected", seen[i]);
          assert.deepEqual(value, { willAttemptReconnect: true });
        }
        for (const person of people)
          assert.deepEqual(person.frames.at(-1), { type: "disconnect", reason: "server_restart", reconnect: true });

        await own.start_again();
        for (const [i, tab] of tabs.entries())
          assert.deepEqual((await tab.connected(seen[i])).value, { reconnected: true });
        tabs[0].speak("we are back");
        for (const tab of tabs) await tab.line("we are back");
        await own.settles_at({ sessions: 2, subscriptions: 2, streams: 1 });
      } finally {
        ConnectionMonitor.staleThreshold = usual;
        people.forEach((person) => person.close());
        await own.stop();
      }
    });
  });
}
