// SPDX-License-Identifier: MIT
// The chat's page. Everything that came from a person is put on it as text, never as HTML.
import { createConsumer } from "./actioncable.js";

const first_rooms = ["lobby", "coffee", "help"];
const typing_shown_ms = 3000;
const typing_sent_every_ms = 1500;
const same_breath_ms = 5 * 60 * 1000;
const lines_kept = 500;

const $ = (id) => document.getElementById(id);
const messages = $("messages"), text = $("text"), status = $("status");

let name = stored("coax-chat-name", "") || `guest-${Math.random().toString(36).slice(2, 6).padEnd(4, "x")}`;
let rooms = stored("coax-chat-rooms", first_rooms);
let room = null;
let consumer = null;
let subscription = null;

// What the server told about the room.
let you = "", version = 0, count = 0, count_version = 0;
let people = new Set(), newest_change = new Map(), ids = new Set();
let last_line = null;
const typing = new Map(); // name -> timer

function stored(key, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise; // storage is off, or holds what is not ours
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch { /* the page works without it */ }
}

function element(tag, class_name, content) {
  const made = document.createElement(tag);
  if (class_name) made.className = class_name;
  if (content !== undefined) made.textContent = content;
  return made;
}

// --- connection

function show_state(state, words) {
  status.dataset.state = state;
  status.textContent = words;
  $("send").disabled = state !== "online";
}

function connect() {
  consumer?.disconnect();
  consumer = createConsumer(() => `/cable?name=${encodeURIComponent(name)}`);
  subscription = null;
  if (room) enter(room);
}

function enter(next) {
  subscription?.unsubscribe();
  room = next;
  clear_room();
  show_state("connecting", "connecting");
  const joined = consumer.subscriptions.create({ channel: "ChatChannel", room: next }, {
    connected() { if (joined === subscription) show_state("online", "online"); },
    disconnected({ willAttemptReconnect }) {
      if (joined !== subscription) return;
      if (willAttemptReconnect) show_state("offline", "reconnecting");
      else show_state("refused", "refused: try another name");
    },
    rejected() {
      if (joined !== subscription) return;
      show_state("refused", "no entry");
      add_event("This room cannot be opened.", true);
    },
    received(message) { if (joined === subscription) received(message); },
  });
  subscription = joined;
}

function received(message) {
  switch (message.type) {
    case "snapshot": return show_snapshot(message);
    case "line": return add_line(message);
    case "presence": return change_presence(message);
    case "typing": return show_typing(message.name);
    case "refused": return add_event(`That was too long: at most ${message.limit} bytes.`, true);
  }
}

// --- messages

function clear_room() {
  messages.replaceChildren();
  ids.clear();
  last_line = null;
  for (const timer of typing.values()) clearTimeout(timer);
  typing.clear();
  show_typists();
  people = new Set();
  count = 0;
  show_people();
}

// Also after a reconnect: what the page showed may have gaps, the snapshot has none.
function show_snapshot(snapshot) {
  clear_room();
  ({ you, version, count } = snapshot);
  count_version = version;
  people = new Set(snapshot.names);
  newest_change = new Map();
  show_people();
  snapshot.lines.forEach(add_line);
  if (!snapshot.lines.length) add_event("Nothing said here yet.");
  messages.scrollTop = messages.scrollHeight;
}

function add_line(line) {
  if (ids.has(line.id)) return; // in the snapshot and live
  ids.add(line.id);
  stop_typing(line.name);

  const own = line.name === you;
  const more = last_line !== null && last_line.name === line.name && line.at - last_line.at < same_breath_ms;
  const item = element("li", `line${own ? " own" : ""}${more ? " more" : ""}`);
  const about = element("span", "about");
  const time = element("time", "", new Date(line.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  time.dateTime = new Date(line.at).toISOString();
  about.append(element("b", "", line.name), time);
  item.append(avatar(line.name), about, element("div", "bubble", line.text));
  append(item);
  last_line = line;
}

function add_event(words, bad = false) {
  append(element("li", bad ? "event bad" : "event", words));
  last_line = null;
}

function append(item) {
  const at_end = messages.scrollHeight - messages.scrollTop - messages.clientHeight < 80;
  messages.append(item);
  while (messages.childElementCount > lines_kept) messages.firstElementChild.remove();
  if (at_end) messages.scrollTop = messages.scrollHeight;
}

function avatar(of) {
  const made = element("span", "avatar", [...of][0] ?? "?");
  let hue = 0;
  for (const character of of) hue = (hue * 31 + character.codePointAt(0)) % 360;
  made.style.setProperty("--hue", hue);
  made.ariaHidden = "true";
  return made;
}

// --- who is here

// Changes may overtake each other on their way; the larger version is the newer one.
function change_presence({ name: who, here, version: at, count: now_here }) {
  if (at <= (newest_change.get(who) ?? version)) return;
  newest_change.set(who, at);
  if (at > count_version) [count, count_version] = [now_here, at];
  if (here) people.add(who);
  else people.delete(who);
  if (!here) stop_typing(who);
  show_people();
  add_event(here ? `${who} joined` : `${who} left`);
}

function show_people() {
  $("people-count").textContent = count;
  const items = [...people].sort((a, b) => a.localeCompare(b)).map((who) => {
    const item = element("li");
    item.append(avatar(who), element("span", "", who === you ? `${who} (you)` : who));
    item.dataset.name = who;
    return item;
  });
  if (count > items.length) items.push(element("li", "more", `and ${count - items.length} more`));
  $("people").replaceChildren(...items);
}

// --- typing

function show_typing(who) {
  if (who === you) return;
  clearTimeout(typing.get(who));
  typing.set(who, setTimeout(() => stop_typing(who), typing_shown_ms));
  show_typists();
}

function stop_typing(who) {
  clearTimeout(typing.get(who));
  if (typing.delete(who)) show_typists();
}

function show_typists() {
  const names = [...typing.keys()];
  $("typing").textContent =
    names.length === 0 ? "" : names.length === 1 ? `${names[0]} is typing…`
    : names.length === 2 ? `${names[0]} and ${names[1]} are typing…` : "several people are typing…";
}

let typing_sent_at = 0;
text.addEventListener("input", () => {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
  const now = Date.now();
  if (!text.value.trim() || now - typing_sent_at < typing_sent_every_ms) return;
  typing_sent_at = now;
  subscription?.perform("typing");
});

// --- forms

function speak() {
  const said = text.value.trim();
  if (!said) return;
  if (!subscription?.perform("speak", { text: said })) return add_event("Not sent: there is no connection right now.", true);
  text.value = "";
  text.style.height = "auto";
  typing_sent_at = 0;
}

$("message-form").addEventListener("submit", (event) => {
  event.preventDefault();
  speak();
  text.focus();
});
text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  speak();
});

$("name-form").addEventListener("submit", (event) => event.preventDefault());
$("name-input").addEventListener("change", ({ target }) => {
  const wanted = target.value.trim();
  if (!wanted || wanted === name) return void (target.value = name);
  name = wanted;
  store("coax-chat-name", name);
  connect();
});

$("room-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = $("room-input").value.trim();
  if (!wanted) return;
  $("room-input").value = "";
  location.hash = wanted;
});

function show_rooms() {
  $("room-name").textContent = room;
  $("room-list").replaceChildren(...rooms.map((each) => {
    const item = element("li"), link = element("a", "", each);
    link.href = `#${encodeURIComponent(each)}`;
    if (each === room) link.ariaCurrent = "true";
    item.append(link);
    return item;
  }));
}

function follow_hash() {
  let wanted = location.hash.slice(1);
  try {
    wanted = decodeURIComponent(wanted);
  } catch { /* as it stands */ }
  wanted ||= rooms[0];
  if (wanted === room) return;
  if (!rooms.includes(wanted) && /^[a-z0-9_-]{1,32}$/.test(wanted)) store("coax-chat-rooms", rooms = [...rooms, wanted].slice(-20));
  enter(wanted);
  show_rooms();
}

addEventListener("hashchange", follow_hash);
addEventListener("pagehide", () => consumer.disconnect());
addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
store("coax-chat-name", name);
$("name-input").value = name;
connect();
follow_hash();
