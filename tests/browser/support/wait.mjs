// SPDX-License-Identifier: MIT
// Waiting for events. Nothing here waits for time to pass: a deadline only ends a wait that has failed.
import { setTimeout as delay } from "node:timers/promises";

// Generous: sanitizer builds on a busy machine are many times slower.
export const deadline_ms = 30_000;

// What happened, in order, and whoever waits for more of it.
export class Journal {
  entries = [];
  #waiters = new Set();

  add(entry) {
    this.entries.push(entry);
    for (const check of [...this.#waiters]) check();
  }

  // The first entry at or after index `from` that `matches`, now or later.
  wait(what, matches, from = 0) {
    return this.until(what, () => this.entries.slice(from).find(matches));
  }

  // What `ask` answers as soon as that is something.
  until(what, ask) {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = ask();
        if (found === undefined || found === false) return;
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(check);
        const tail = this.entries.slice(-20).map((entry) => JSON.stringify(entry)).join("\n  ");
        reject(new Error(`not seen within ${deadline_ms} ms: ${what}; last of ${this.entries.length} entries:\n  ${tail}`));
      }, deadline_ms);
      this.#waiters.add(check);
      check();
    });
  }
}

// For what sends no event: asks until the answer is right.
export async function poll_until(what, ask, is_right) {
  const end = Date.now() + deadline_ms;
  for (;;) {
    const answer = await ask();
    if (is_right(answer)) return answer;
    if (Date.now() > end) throw new Error(`not so within ${deadline_ms} ms: ${what}; last answer: ${JSON.stringify(answer)}`);
    await delay(20);
  }
}
