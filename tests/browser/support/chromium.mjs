// SPDX-License-Identifier: MIT
// Headless Chromium, as the system has it.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { load } from "./packages.mjs";
import { deadline_ms } from "./wait.mjs";

const quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export function launch() {
  return load("playwright-core").chromium.launch({
    executablePath: process.env.COAX_CHROMIUM || "/usr/bin/chromium",
    args: ["--headless=new", ...quiet],
  });
}

// A person's own browser window on `url`: storage of its own, and a list of everything the page complained of.
export async function open_window(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, ...options });
  context.setDefaultTimeout(deadline_ms);
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") complaints.push(message.text()); });
  await page.goto(url);
  return { context, page, complaints };
}

// For people to look at; kept with the build.
export async function screenshot(page, name) {
  const folder = process.env.COAX_BROWSER_OUTPUT;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
