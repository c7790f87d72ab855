# SPDX-License-Identifier: MIT
"""The rules of the tree, as functions from files to findings, so that the self-test can feed them seeded violations.

A line that breaks a rule for a good reason says so, on itself or on the line above: `lint-allow: <rule>: <reason>`.
"""

import posixpath
import re
from collections import namedtuple

from cxx_text import capturing_coroutines, co_await_findings, code_of, line_of

Finding = namedtuple("Finding", "path line rule message")

CXX = (".cpp", ".hpp", ".h", ".c")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def is_cxx(path):
    return path.endswith(CXX)


def includes(text):
    for match in INCLUDE.finditer(text):
        yield line_of(text, match.start()), match.group(2)


def parse_layers(text):
    layers = {}
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, _, allowed = line.partition(":")
            layers[folder.strip()] = set(allowed.split())
    return layers


def module_of(path):
    """The module that a file belongs to, or None."""
    parts = path.split("/")
    if parts[0] == "framework" and len(parts) > 2:
        return parts[1]
    if parts[0] in ("adapters", "samples", "tests"):
        return parts[0]
    if parts[0] == "plugins" and len(parts) > 1:
        return "plugins/conformance" if parts[1] == "conformance" else "plugins"
    return None


# Whose public headers a module may include.
DIRECTIONS = {
    "abi": {"abi"},
    "vocabulary": {"vocabulary"},
    "sdk": {"abi", "vocabulary", "sdk"},
    "core": {"abi", "vocabulary", "core"},
    "testing": {"vocabulary", "core", "testing"},
    "cli": {"abi", "vocabulary", "core", "adapters"},
    "adapters": {"abi", "vocabulary", "sdk", "adapters"},
    "plugins": {"abi", "vocabulary", "sdk"},
    "plugins/conformance": {"abi", "vocabulary", "core"},
    "samples": {"abi", "vocabulary", "core", "sdk", "testing", "adapters"},
}
# Whose private headers (core/src) a module may include besides its own.
INSIDE = {"core", "plugins/conformance", "cli", "tests"}

VENDOR_HEADERS = {
    "hiredis/": "adapters/redis/",
    "libpq-fe.h": "adapters/postgresql/",
    "grpcpp/": "plugins/rpc_grpc/",
    "grpc/": "plugins/rpc_grpc/",
}
JSON_PUBLIC = {"channel.hpp", "connection.hpp", "broadcaster.hpp"}
SANS_IO = re.compile(r"^framework/core/src/(protocol/|hub/interest_fsm\.|session/(session_state|outbox)\.)")


class Tree:
    def __init__(self, files):
        self.files = files
        self.layers = parse_layers(files.get("framework/core/layers.txt", ""))
        self.public = {}
        for path in files:
            parts = path.split("/include/", 1)
            if len(parts) == 2 and module_of(path):
                self.public[re.sub(r"\.in$", "", parts[1])] = module_of(path)
        self.core_folders = {p.split("/")[3] for p in files if p.startswith("framework/core/src/") and p.count("/") > 3}


def include_directions(tree):
    for path, text in tree.files.items():
        module = module_of(path)
        if not is_cxx(path) or module is None or module == "tests":
            continue
        for line, name in includes(text):
            if name.startswith("coax/"):
                owner = tree.public.get(name)
                if owner is None:
                    yield Finding(path, line, "directions", f"{name} is no public header of any module")
                elif owner not in DIRECTIONS.get(module, set()):
                    yield Finding(path, line, "directions", f"{module} must not include {owner} ({name})")
                continue
            folder = name.split("/")[0]
            if "/" in name and (folder == "tests" or name.startswith("support/")):
                yield Finding(path, line, "directions", f"nothing outside tests includes tests ({name})")
            elif f"framework/core/src/{name}" in tree.files and module not in INSIDE:
                if posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) not in tree.files:
                    yield Finding(path, line, "directions", f"{module} must not include the inside of core ({name})")
        if module == "abi":
            for line, name in includes(text):
                if not name.startswith("coax/abi/") and name not in ("stddef.h", "stdint.h"):
                    yield Finding(path, line, "directions", f"abi includes C's stddef.h and stdint.h only, not {name}")
        if module == "vocabulary":
            for line, name in includes(text):
                if not name.startswith(("coax/", "boost/")) and not re.fullmatch(r"[a-z_]+", name):
                    yield Finding(path, line, "directions", f"vocabulary includes Boost and the standard library only, not {name}")


def core_layers(tree):
    for path, text in tree.files.items():
        parts = path.split("/")
        if not path.startswith("framework/core/src/") or not is_cxx(path) or len(parts) < 5:
            continue
        folder = parts[3]
        if folder not in tree.layers:
            yield Finding(path, 1, "layers", f"folder {folder} is not in layers.txt")
            continue
        for line, name in includes(text):
            target = name.split("/")[0]
            if "/" in name and target in tree.core_folders | set(tree.layers) and target != folder and target not in tree.layers[folder]:
                yield Finding(path, line, "layers", f"{folder} must not include {target} ({name})")


def confined_libraries(tree):
    for path, text in tree.files.items():
        if not is_cxx(path):
            continue
        in_tests = path.startswith("tests/")
        for line, name in includes(text):
            if name.startswith("boost/beast") and not in_tests and path != "framework/cmake/asio.cpp" \
                    and not path.startswith("framework/core/src/net/"):
                yield Finding(path, line, "beast", "Beast belongs to core/src/net alone")
            if name.startswith("boost/json") and re.match(r"framework/(core|vocabulary|abi|testing)/include/", path) \
                    and posixpath.basename(path) not in JSON_PUBLIC:
                yield Finding(path, line, "public-json", "Boost.JSON in a public header other than channel, connection, broadcaster")
            if SANS_IO.match(path) and (name.startswith("boost/asio") or name == "coax/task.hpp"):
                yield Finding(path, line, "sans-io", "protocol and state logic knows no Asio")
            for vendor, home in VENDOR_HEADERS.items():
                if name.startswith(vendor) and not path.startswith((home, "tests/")):
                    yield Finding(path, line, "vendor", f"{name} belongs to {home} alone")
        if not in_tests and not path.startswith("framework/core/src/plugin/plugin_library."):
            code = code_of(text)
            for match in re.finditer(r"\bdl(open|sym|mopen)\b", code):
                yield Finding(path, line_of(code, match.start()), "dlopen", "dynamic loading belongs to plugin_library.cpp alone")
        if SANS_IO.match(path):
            code = code_of(text)
            for match in re.finditer(r"_clock::now\b|\bstd::time\(", code):
                yield Finding(path, line_of(code, match.start()), "sans-io", "time comes in as an argument")


def banned_words(tree):
    for path, text in tree.files.items():
        in_tests = path.startswith("tests/")
        if is_cxx(path):
            code = code_of(text)
            banned = [(r"\busing\s+namespace\b", "using-namespace", "using namespace in a header")] if path.endswith((".hpp", ".h")) else []
            if in_tests:
                banned.append((r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.>:])sleep\s*\(", "sleep",
                               "a sleep in a test: wait for an event, prove silence by a sentinel"))
            else:
                banned.append((r"\bdetached(_t)?\b", "detached", "asio::detached: who owns, cancels and joins it?"))
            for pattern, rule, message in banned:
                for match in re.finditer(pattern, code):
                    yield Finding(path, line_of(code, match.start()), rule, message)
            for position, rule, message in [*co_await_findings(code), *capturing_coroutines(code)]:
                yield Finding(path, line_of(code, position), rule, message)
        elif in_tests and path.endswith((".js", ".mjs", ".ts", ".html", ".py", ".sh")):
            for match in re.finditer(r"\bsetTimeout\s*\(|\btime\.sleep\s*\(|^\s*sleep\s", text, re.MULTILINE):
                # A timer that rejects is the deadline of a wait, not a wait.
                if not re.search(r"\breject\(", "\n".join(text[match.start():].split("\n")[:5])):
                    yield Finding(path, line_of(text, match.start()), "sleep", "a sleep in a test: wait for an event with a deadline")
        if path.endswith((".cmake", "CMakeLists.txt")):
            for match in re.finditer(r"\bfile\s*\(\s*GLOB", text):
                yield Finding(path, line_of(text, match.start()), "glob", "source lists are explicit")
        if not path.startswith("docs/"):
            # lint-allow: todo: the words that are looked for
            for match in re.finditer(r"\b(TODO|FIXME|XXX)\b(?!.*#\d)", text):
                yield Finding(path, line_of(text, match.start()), "todo", "no issue number")
        for match in re.finditer(r"(?<![\w.$}/-])(?<!unix:)/(work|root|home|tmp)/(?!coax|\$|XXXX)[A-Za-z]", text):
            yield Finding(path, line_of(text, match.start()), "machine-path", "the path of a machine")


HANDLER = r"(?:boost::)?(?:asio::)?any_completion_handler<[^;=]*>"


def handler_assignments(tree):
    """Boost 1.81's any_completion_handler recurses without end when it is move-assigned: construct it, swap it, or assign nullptr."""
    texts = {}
    for path, text in tree.files.items():
        if is_cxx(path):
            texts.setdefault(path.rsplit(".", 1)[0], []).append((path, code_of(text)))
    for parts in texts.values():
        together = "\n".join(code for _, code in parts)
        if "any_completion_handler" not in together:
            continue
        types = "|".join([HANDLER, *(rf"(?:\w+::)*{name}" for name in re.findall(rf"\busing\s+(\w+)\s*=\s*{HANDLER}\s*;", together))])
        for name in set(re.findall(rf"(?<![<:\w])(?:{types})\s+(\w+)\s*;", together)):
            for path, code in parts:
                for match in re.finditer(rf"(?<!auto )(?<!auto& )\b{name}\s*=(?!=|\s*nullptr\b)|\bexchange\(\s*(?:\w+(?:->|\.))*{name}\s*,(?!\s*nullptr\b)", code):
                    yield Finding(path, line_of(code, match.start()), "handler-assignment",
                                  f"{name} is move-assigned, which never returns in Boost 1.81: construct or swap it, or assign nullptr")


COMMENTED = (*CXX, ".cmake", "CMakeLists.txt", ".py", ".js", ".mjs", ".css", ".html", ".toml", ".sh", ".map")


def file_heads(tree):
    for path, text in tree.files.items():
        name = posixpath.basename(path)
        if "/corpus/" in path or not text:
            continue
        head = text.splitlines()[:2]
        may_come_second = head[0].startswith(("#!", "<!"))
        if path.endswith(COMMENTED) or path.startswith(("scripts/", ".ci/")) or name in (".clang-format", ".clang-tidy", ".editorconfig"):
            if "SPDX-License-Identifier: MIT" not in (" ".join(head) if may_come_second else head[0]):
                yield Finding(path, 1, "spdx", "the first line is not the licence identifier")
        if path.endswith((".hpp", ".h")) and not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield Finding(path, 1, "pragma-once", "a header without #pragma once")


QUOTED = re.compile(r"^<!-- from: (\S+) -->\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")


def documents(tree):
    """Code in documents is cut from compiled files, and their links lead somewhere."""
    folders = {posixpath.dirname(path) for path in tree.files}
    folders |= {"/".join(folder.split("/")[:depth]) for folder in folders for depth in range(1, folder.count("/") + 1)}
    for path, text in tree.files.items():
        if not path.endswith(".md"):
            continue
        for match in QUOTED.finditer(text):
            if match.group(2) not in tree.files.get(match.group(1), ""):
                yield Finding(path, line_of(text, match.start()), "quoted-code", f"the code is not in {match.group(1)}")
        for match in re.finditer(r"^```cpp\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            # A fragment of a few lines shows a call, not a program.
            if match.group(1).count("\n") > 4 and not re.search(r"<!-- from: \S+ -->\n$", text[:match.start()]):
                yield Finding(path, line_of(text, match.start()), "quoted-code", "C++ without the file it is cut from (<!-- from: path -->)")
        for match in LINK.finditer(text):
            target = match.group(1)
            if re.match(r"[a-z]+:", target):
                continue
            there = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            if there not in tree.files and there not in folders:
                yield Finding(path, line_of(text, match.start()), "link", f"{target} is not there")


RULES = (include_directions, core_layers, confined_libraries, banned_words, handler_assignments, file_heads, documents)


def check(files):
    """All findings in `files` (path to text), without those that are allowed where they stand."""
    tree = Tree(files)
    for rule in RULES:
        for finding in rule(tree):
            lines = files[finding.path].splitlines()
            near = lines[max(0, finding.line - 2):finding.line]
            if not any(re.search(rf"lint-allow: {finding.rule}: \S", line) for line in near):
                yield finding
