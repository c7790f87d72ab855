// SPDX-License-Identifier: MIT
// The sample's page in Chromium: two windows talk to each other.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { launch, open_window, screenshot } from "./support/chromium.mjs";
import { ChatServer } from "./support/chat_server.mjs";

describe("the chat page in Chromium", () => {
  let browser, server;
  let windows = [];

  // `stale_after`: seconds after which the client's monitor reconnects; its own 6 make a slow test, and too few a nervous one.
  async function person(name, { room = "lobby", stale_after, ...options } = {}) {
    const window = await open_window(browser, `${server.url}#${room}`, options);
    windows.push(window);
    const { page } = window;
    await state(page, "online");
    if (stale_after) // in the page's own copy of the client, for the connection that the new name makes
      await page.evaluate(async (limit) => { (await import("./actioncable.js")).ConnectionMonitor.staleThreshold = limit; }, stale_after);
    await page.locator("#name-input").fill(name);
    await page.locator("#name-input").press("Enter");
    await page.waitForFunction((wanted) => document.querySelector(`#people [data-name="${CSS.escape(wanted)}"]`)?.textContent.endsWith("(you)"), name);
    await state(page, "online");
    return page;
  }

  const state = (page, wanted) => page.locator(`#status[data-state="${wanted}"]`).waitFor();
  const bubble = (page, text) => page.locator(".bubble", { hasText: text });
  const said = (page, text) => bubble(page, text).first().waitFor();
  const here = (page, names) => page.waitForFunction((wanted) => {
    const shown = [...document.querySelectorAll("#people [data-name]")].map((item) => item.dataset.name).sort();
    return JSON.stringify(shown) === wanted && document.getElementById("people-count").textContent === String(shown.length);
  }, JSON.stringify([...names].sort()));
  async function say(page, text) {
    await page.locator("#text").fill(text);
    await page.locator("#text").press("Enter");
  }

  before(async () => {
    server = await ChatServer.start({ settings: { "session.ping_interval": "1s" } });
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server.stop();
  });
  afterEach(async () => {
    const complaints = windows.flatMap((window) => window.complaints);
    await Promise.all(windows.map((window) => window.context.close()));
    windows = [];
    await server.settles_at({ sessions: 0, subscriptions: 0, streams: 0 });
    assert.deepEqual(complaints, []);
  });

  it("carries messages both ways, shows who is here and who is typing", async () => {
    const ann = await person("Ann"), bob = await person("Bob");
    await here(ann, ["Ann", "Bob"]);
    await here(bob, ["Ann", "Bob"]);

    await ann.locator("#text").pressSequentially("Hello B");
    await bob.locator("#typing", { hasText: "Ann is typing" }).waitFor();
    await say(ann, "Hello Bob, is this thing on?");
    await said(bob, "Hello Bob, is this thing on?");
    await bob.waitForFunction(() => document.getElementById("typing").textContent === "");
    await say(bob, "Loud and clear.");
    await say(bob, "Two windows, one room\nand a line of its own 🎉");
    await said(ann, "and a line of its own");

    assert.equal(await ann.locator(".line.own").count(), 1);
    assert.equal(await bob.locator(".line.own").count(), 2);
    const texts = (page) => page.locator(".bubble").allTextContents();
    assert.deepEqual(await texts(ann), await texts(bob));

    await bob.locator("#text").pressSequentially("and");
    await ann.locator("#typing", { hasText: "Bob is typing" }).waitFor();
    await ann.locator("#people-box summary").click();
    await screenshot(ann, "chat-light");
  });

  it("shows what people write as text, whatever it is", async () => {
    const attack = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>&amp;`;
    const ann = await person("<b>Ann</b>"), bob = await person("Bob");
    await say(ann, attack);
    await said(bob, attack);
    await here(bob, ["<b>Ann</b>", "Bob"]);
    assert.equal(await bob.locator("#messages img, #messages script, #messages b b, #people b").count(), 0);
    assert.equal(await bob.title(), "coax chat");
  });

  it("switches rooms and finds what was said there", async () => {
    const ann = await person("Ann"), bob = await person("Bob");
    await here(ann, ["Ann", "Bob"]);
    await bob.locator("#room-list a", { hasText: "coffee" }).click();
    await here(bob, ["Bob"]);
    await here(ann, ["Ann"]);
    await ann.locator(".event", { hasText: "Bob left" }).waitFor();
    await say(bob, "only in coffee");
    await said(bob, "only in coffee");
    await say(ann, "only in the lobby");
    await said(ann, "only in the lobby");

    await ann.locator("#room-input").fill("coffee");
    await ann.locator("#room-input").press("Enter");
    await said(ann, "only in coffee");
    await here(bob, ["Ann", "Bob"]);
    assert.equal(await bubble(ann, "only in the lobby").count(), 0);
    await screenshot(bob, "chat-coffee");
  });

  it("says so when a room is refused, and goes on", async () => {
    const ann = await person("Ann");
    await ann.evaluate(() => { location.hash = "Not A Room"; });
    await state(ann, "refused");
    await ann.locator(".event.bad").waitFor();
    await ann.locator("#room-list a", { hasText: "lobby" }).click();
    await state(ann, "online");
    await here(ann, ["Ann"]);
  });

  it("counts two windows of one person once, and notices when the last one closes", async () => {
    const bob = await person("Bob");
    const ann = await person("Ann");
    const again = await ann.context().newPage();
    await again.goto(`${server.url}#lobby`);
    await state(again, "online");
    await here(bob, ["Ann", "Bob"]);
    await ann.close();
    await say(again, "the other window");
    await said(bob, "the other window");
    await here(bob, ["Ann", "Bob"]);
    await again.close();
    await here(bob, ["Bob"]);
  });

  it("comes back by itself after a restart of the server", async () => {
    const ann = await person("Ann", { stale_after: 2 }), bob = await person("Bob", { stale_after: 2 });
    await server.stop();
    for (const page of [ann, bob]) await state(page, "offline");
    await server.start_again();
    for (const page of [ann, bob]) await state(page, "online");
    await here(ann, ["Ann", "Bob"]);
    await say(ann, "back again");
    await said(bob, "back again");
    for (const window of windows) // refused connections while the server was away are what Chromium reports, and right
      window.complaints = window.complaints.filter((text) => !text.includes("ERR_CONNECTION_REFUSED"));
  });

  it("runs the stock client through 30 rounds of subscribe, unsubscribe, subscribe", async () => {
    const ann = await person("Ann");
    const seen = await ann.evaluate(async () => {
      const { createConsumer } = await import("./actioncable.js");
      const consumer = createConsumer("/cable?name=Quick");
      const enter = (callbacks) => consumer.subscriptions.create({ channel: "ChatChannel", room: "quick" }, callbacks);
      const first = await new Promise((resolve) => { const made = enter({ connected: () => resolve(made) }); });
      first.unsubscribe();
      for (let round = 0; round < 30; ++round) {
        enter().unsubscribe();
        enter().unsubscribe();
      }
      return await new Promise((resolve) => {
        const lines = [];
        const last = enter({ received(message) {
          if (message.type === "line") lines.push(message.text);
          if (message.text === "sentinel") resolve(lines);
        } });
        last.perform("speak", { text: "once" });
        last.perform("speak", { text: "sentinel" });
      });
    });
    assert.deepEqual(seen, ["once", "sentinel"]);
    await server.settles_at({ sessions: 2, subscriptions: 2, streams: 2 });
  });

  it("is readable in the dark and on a telephone", async () => {
    const ann = await person("Ann", { room: "help", colorScheme: "dark" });
    const bob = await person("Bob", { room: "help", colorScheme: "dark", viewport: { width: 390, height: 760 }, hasTouch: true });
    await say(ann, "How does a broadcast reach everybody?");
    await said(bob, "How does a broadcast");
    await say(bob, "Through the adapter, which the server loaded as a plugin when it started. Each message is encoded once and sent to all who listen.");
    await said(ann, "Through the adapter");
    await say(ann, "Nice.");
    await said(bob, "Nice.");
    const fits = (page) => page.evaluate(() => ["send", "status", "name-input", "messages"].every((id) => {
      const box = document.getElementById(id).getBoundingClientRect();
      return box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight;
    }));
    assert.equal(await fits(ann), true);
    assert.equal(await fits(bob), true);
    const colour = await ann.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).map(Number));
    assert.ok(Math.max(...colour) < 64, `a dark background, not ${colour}`);
    await screenshot(ann, "chat-dark");
    await screenshot(bob, "chat-narrow");
  });
});
