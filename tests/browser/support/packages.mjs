// SPDX-License-Identifier: MIT
// npm packages live outside the source tree: run.sh says where. Without it, those of `npm ci` in this folder are used.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
export const load = createRequire(join(process.env.COAX_BROWSER_MODULES ?? here, "package.json"));
