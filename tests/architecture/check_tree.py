# SPDX-License-Identifier: MIT
"""Checks the rules of the tree: check_tree.py <root>. Prints one line per finding; exit 1 if there is any."""

import os
import subprocess
import sys

from rules import check

SKIPPED = {".git", "build", "node_modules"}
# Its text is nothing but seeded violations.
SEEDS = "tests/architecture/self_test.py"


def listed(root):
    """What git knows, or every file where this is no repository (an unpacked archive)."""
    try:
        answer = subprocess.run(["git", "-C", root, "ls-files", "-z"], capture_output=True, check=True)
        names = [name for name in answer.stdout.decode().split("\0") if name]
        if names:
            return names
    except (OSError, subprocess.CalledProcessError):
        pass
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return found


def read(root):
    files = {}
    for name in listed(root):
        try:
            with open(os.path.join(root, name), encoding="utf-8") as file:
                files[name.replace(os.sep, "/")] = file.read()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue # binary data, such as a fuzz corpus, or deleted and not yet committed
    files.pop(SEEDS, None)
    return files


def main():
    files = read(sys.argv[1])
    sources = sum(name.endswith((".cpp", ".hpp")) for name in files)
    if sources < 50:
        print(f"only {sources} C++ files found under {sys.argv[1]}: this is not the tree")
        return 1
    findings = sorted(check(files))
    for finding in findings:
        print(f"{finding.path}:{finding.line}: [{finding.rule}] {finding.message}")
    print(f"{len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
