#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh WORK_DIR TEST...: installs the npm packages into WORK_DIR once, then runs the tests with Node's test runner.
# Exit code 77 (skipped) without Node; in CI, where CI=true, that is a failure.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1
shift

missing() {
  if [ "${CI:-}" = true ]; then
    echo "browser tests: $1; CI must not skip them" >&2
    exit 1
  fi
  echo "browser tests skipped: $1"
  exit 77
}

command -v node >/dev/null || missing "node is not installed (Debian: apt-get install nodejs npm)"
command -v npm >/dev/null || missing "npm is not installed (Debian: apt-get install npm)"
if [ -n "${COAX_CHROMIUM+set}" ] && [ ! -x "$COAX_CHROMIUM" ]; then
  missing "chromium is not installed (Debian: apt-get install chromium)"
fi

mkdir -p "$work"
wanted=$(cat "$here/package.json" "$here/package-lock.json" "$here/.npmrc" | sha256sum)
if [ "$wanted" != "$(cat "$work/installed" 2>/dev/null)" ]; then
  echo "browser tests: installing npm packages into $work"
  rm -f "$work/installed"
  cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$work/"
  (cd "$work" && npm ci --no-progress)
  echo "$wanted" >"$work/installed"
fi

cd "$here"
COAX_BROWSER_MODULES=$work exec node --test "$@"
