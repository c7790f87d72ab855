# SPDX-License-Identifier: MIT
"""Checks that plugin modules export coax_plugin_query and nothing else: exported_symbols.py <nm> <module>..."""

import subprocess
import sys

WANTED = "coax_plugin_query"


def wrong_exports(nm_output):
    """What is wrong with the dynamic symbols that nm printed, or an empty text."""
    symbols = [line.split(maxsplit=2)[2] for line in nm_output.splitlines() if len(line.split()) >= 3]
    if not symbols:
        return "exports nothing"
    others = sorted(set(symbols) - {WANTED})
    if others:
        return f"exports {len(others)} more than {WANTED}: " + ", ".join(others[:5])
    return ""


def main():
    nm, modules = sys.argv[1], sys.argv[2:]
    if not modules:
        print("no plugin module was given")
        return 1
    failed = 0
    for module in modules:
        answer = subprocess.run([nm, "-D", "--defined-only", "--demangle", module], capture_output=True, text=True, check=True)
        wrong = wrong_exports(answer.stdout)
        print(f"{module}: {wrong or 'exports ' + WANTED + ' alone'}")
        failed += bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
