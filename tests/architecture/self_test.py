# SPDX-License-Identifier: MIT
"""Each rule is fed a seeded violation and must find it, and fed its lawful neighbour and must keep silent."""

import os
import subprocess
import sys
import tempfile
import unittest

from cxx_text import code_of
from exported_symbols import wrong_exports
from rules import check

SPDX = "// SPDX-License-Identifier: MIT\n"
LAYERS = "protocol:\nhub: protocol\nsession: protocol hub\nnet: protocol hub session\nplugin: protocol hub\n"
# A small tree that keeps all rules; each test adds one file.
LAWFUL = {
    "framework/core/layers.txt": LAYERS,
    "framework/abi/include/coax/abi/base.h": SPDX + "#pragma once\n#include <stdint.h>\n",
    "framework/vocabulary/include/coax/task.hpp": SPDX + "#pragma once\n#include <boost/asio/awaitable.hpp>\n",
    "framework/core/include/coax/channel.hpp": SPDX + "#pragma once\n#include <boost/json/value.hpp>\n#include <coax/task.hpp>\n",
    "framework/core/include/coax/version.hpp.in": SPDX,
    "framework/sdk/include/coax/sdk/adapter.hpp": SPDX + "#pragma once\n#include <coax/abi/base.h>\n",
    "framework/core/src/hub/hub.hpp": SPDX + "#pragma once\n#include \"hub/hub.hpp\"\n",
    "framework/core/src/protocol/codec.hpp": SPDX + "#pragma once\n",
}


def rules_broken(path, text, spdx=True):
    files = dict(LAWFUL)
    body = text if not spdx or path.endswith((".py", ".txt", "CMakeLists.txt")) else SPDX + text
    files[path] = body
    return sorted({finding.rule for finding in check(files) if finding.path == path})


class Rules(unittest.TestCase):
    def broken(self, rule, path, text):
        self.assertEqual([rule], rules_broken(path, text), f"{path}: {text}")

    def lawful(self, path, text):
        self.assertEqual([], rules_broken(path, text), f"{path}: {text}")

    def test_the_lawful_tree_has_no_findings(self):
        self.assertEqual([], list(check(LAWFUL)))

    def test_directions_between_modules(self):
        self.broken("directions", "framework/core/src/plugin/a.cpp", "#include <coax/sdk/adapter.hpp>\n")
        self.broken("directions", "framework/sdk/include/coax/sdk/b.hpp", "#pragma once\n#include <coax/channel.hpp>\n")
        self.broken("directions", "adapters/memory/a.cpp", "#include <coax/channel.hpp>\n")
        self.broken("directions", "adapters/memory/a.cpp", "#include \"hub/hub.hpp\"\n")
        self.broken("directions", "samples/chat/a.cpp", "#include \"hub/hub.hpp\"\n")
        self.broken("directions", "framework/vocabulary/include/coax/v.hpp", "#pragma once\n#include <coax/abi/base.h>\n")
        self.broken("directions", "framework/vocabulary/include/coax/v.hpp", "#pragma once\n#include <zlib.h>\n")
        self.broken("directions", "framework/abi/include/coax/abi/b.h", "#pragma once\n#include <string.h>\n")
        self.broken("directions", "framework/core/src/hub/a.cpp", "#include \"support/catch.hpp\"\n")
        self.broken("directions", "framework/core/src/hub/a.cpp", "#include <coax/nowhere.hpp>\n")
        self.lawful("adapters/memory/a.cpp", "#include <coax/sdk/adapter.hpp>\n#include <coax/task.hpp>\n#include <coax/abi/base.h>\n")
        self.lawful("framework/cli/a.cpp", "#include <coax/channel.hpp>\n#include <coax/version.hpp>\n")
        self.lawful("tests/unit/hub/a.cpp", "#include \"hub/hub.hpp\"\n#include \"support/catch.hpp\"\n")

    def test_layers_inside_core(self):
        self.broken("layers", "framework/core/src/hub/a.cpp", "#include \"session/session.hpp\"\n")
        self.broken("layers", "framework/core/src/protocol/a.cpp", "#include \"hub/hub.hpp\"\n")
        self.broken("layers", "framework/core/src/net/a.cpp", "#include \"plugin/plugin_host.hpp\"\n")
        self.broken("layers", "framework/core/src/unknown/a.cpp", "\n")
        self.lawful("framework/core/src/session/a.cpp", "#include \"hub/hub.hpp\"\n#include \"protocol/codec.hpp\"\n")

    def test_confined_libraries(self):
        self.broken("beast", "framework/core/src/session/a.cpp", "#include <boost/beast/http.hpp>\n")
        self.lawful("framework/core/src/net/a.cpp", "#include <boost/beast/http.hpp>\n")
        self.broken("dlopen", "framework/core/src/plugin/plugin_host.cpp", "void* h = dlopen(name, 0);\n")
        self.lawful("framework/core/src/plugin/plugin_library.cpp", "void* h = dlopen(name, 0);\n")
        self.lawful("framework/core/src/plugin/plugin_host.cpp", "// dlopen is elsewhere\n")
        self.broken("public-json", "framework/core/include/coax/log.hpp", "#pragma once\n#include <boost/json/value.hpp>\n")
        self.lawful("framework/core/src/hub/a.cpp", "#include <boost/json/value.hpp>\n")
        self.broken("vendor", "adapters/memory/a.cpp", "#include <hiredis/hiredis.h>\n")
        self.lawful("adapters/redis/a.cpp", "#include <hiredis/hiredis.h>\n")

    def test_protocol_and_state_logic_is_sans_io(self):
        self.broken("sans-io", "framework/core/src/protocol/a.hpp", "#pragma once\n#include <boost/asio/post.hpp>\n")
        self.broken("sans-io", "framework/core/src/hub/interest_fsm.cpp", "#include <coax/task.hpp>\n")
        self.broken("sans-io", "framework/core/src/session/outbox.cpp", "auto t = std::chrono::steady_clock::now();\n")
        self.lawful("framework/core/src/session/session.cpp", "#include <coax/task.hpp>\nauto t = std::chrono::steady_clock::now();\n")

    def test_detached_outside_tests(self):
        self.broken("detached", "framework/core/src/hub/a.cpp", "asio::co_spawn(e, f(), asio::detached);\n")
        self.lawful("tests/unit/hub/a.cpp", "asio::co_spawn(e, f(), asio::detached);\n")

    def test_sleeps_in_tests(self):
        self.broken("sleep", "tests/unit/hub/a.cpp", "std::this_thread::sleep_for(1s);\n")
        self.broken("sleep", "tests/unit/hub/a.cpp", "usleep(1000);\n")
        self.broken("sleep", "tests/unit/hub/a.cpp", "sleep(1);\n")
        self.broken("sleep", "tests/browser/a.mjs", "await new Promise(r => setTimeout(r, 100));\n")
        self.lawful("tests/browser/a.mjs", "// lint-allow: sleep: the deadline of a wait, it fails the test\nsetTimeout(fail, 100);\n")
        self.lawful("tests/browser/a.mjs", "setTimeout(() => {\n  reject(new Error());\n}, 100);\n")
        self.broken("sleep", "tests/browser/a.mjs", "// lint-allow: sleep:\nsetTimeout(fail, 100);\n")
        self.lawful("tests/unit/hub/a.cpp", "// no sleep_for here\nconst char* text = \"sleep(1)\";\n")

    def test_co_await_with_a_brace_in_the_expression(self):
        path = "framework/core/src/hub/a.cpp"
        for text in (
                "co_await f(options{a, b});",
                "co_await f(s, {\"x\"});",
                "auto r = co_await asio::async_initiate<T, void()>([p](auto h) { p(h); }, token);",
                "co_await []() -> task<> { co_return; }();",
                "pair p{co_await x(), co_await y()};",
                "return pair{co_await x()};",
                "g(options{a}, co_await x());",
                "g(f(co_await x()), options{a});",
                "if (co_await f(options{a})) { g(); }",
                "auto p = std::unique_ptr<T>(new T(co_await x()));"):
            self.broken("co-await-brace", path, f"task<> f()\n{{\n    {text}\n}}\n")
        for text in (
                "options o{a, b}; co_await f(std::move(o));",
                "auto [error, n] = co_await socket.read(buffer);",
                "if (co_await x()) { g(); }",
                "if (auto r = co_await x(); !r) { co_return r.error(); } else { co_await y(); }",
                "for (;;) { auto r = co_await x(); if (!r) break; }",
                "try { co_await x(); } catch (const error& e) { g(); }",
                "switch (co_await x()) { case 1: co_await y(); }",
                "run_test([]() -> task<> { co_await x(); }());",
                "auto f = [](int a) -> task<int> { co_return co_await x(a); };",
                "co_return std::make_unique<T>(co_await x());",
                "co_await (read_loop() || ping_loop());",
                "const char* brace = \"co_await f({})\"; // co_await f({})"):
            self.lawful(path, f"task<> f()\n{{\n    {text}\n}}\n")

    def test_co_await_in_a_loop_condition(self):
        path = "tests/unit/hub/a.cpp"
        for text in (
                "while ((co_await x()).has_value()) { g(); }",
                "do { g(); } while (co_await x());",
                "for (int i = 0; co_await x(); ++i) { g(); }",
                "CHECK(co_await x() == 1);",
                "REQUIRE((co_await x()).has_value());"):
            self.broken("co-await-loop", path, f"task<> f()\n{{\n    {text}\n}}\n")
        for text in (
                "for (int i = 0; i < 3; ++i) { co_await x(); }",
                "while (open) co_await x();",
                "for (;;) co_await x();",
                "// lint-allow: co-await-loop: a plain bool\n    while (co_await next()) { g(); }"):
            self.lawful(path, f"task<> f()\n{{\n    {text}\n}}\n")

    def test_a_lambda_coroutine_has_no_captures(self):
        path = "framework/core/src/hub/a.cpp"
        self.broken("capturing-coroutine", path, "auto f = [this](int a) -> task<> { co_return; };\n")
        self.broken("capturing-coroutine", path, "auto f = [&]() mutable -> coax::task<int> { co_return 1; };\n")
        self.lawful(path, "auto f = [](state& s) -> task<> { co_return; };\n")
        self.lawful(path, "auto f = [this](int a) { return g(a); };\n")
        self.lawful(path, "[[nodiscard]] task<> f();\n")

    def test_completion_handlers_are_not_move_assigned(self):
        path = "framework/core/src/hub/a.hpp"
        head = "#pragma once\nstruct a {\n    using handler = asio::any_completion_handler<void(error_code)>;\n    handler one;\n" \
               "    asio::any_completion_handler<void()> two_;\n"
        for text in ("void f() { one = handler(std::move(h)); }", "void f() { two_ = std::move(h); }", "auto f() { return std::exchange(two_, {}); }",
                     "auto f() { return std::exchange(self->one, {}); }"):
            self.broken("handler-assignment", path, f"{head}    {text}\n}};\n")
        for text in ("void f() { handler(std::move(h)).swap(one); }", "void f() { two_ = nullptr; }", "bool f() { return one == nullptr; }",
                     "auto f() { return std::exchange(two_, nullptr); }"):
            self.lawful(path, f"{head}    {text}\n}};\n")

    def test_words_and_paths(self):
        self.broken("todo", "framework/core/src/hub/a.cpp", "// TO" "DO: later\n")
        self.lawful("framework/core/src/hub/a.cpp", "// TO" "DO(#12): later\n")
        self.broken("machine-path", "framework/core/src/hub/a.cpp", "const char* p = \"/ho" "me/me/x\";\n")
        self.broken("machine-path", "docs/a.md", "see /wo" "rk/shared\n")
        self.lawful("docs/a.md", "see framework/work/shared and https://example.com/home/page\n")
        self.broken("using-namespace", "framework/core/src/hub/a.hpp", "#pragma once\nusing namespace std;\n")
        self.lawful("tests/unit/hub/a.cpp", "using namespace std::chrono_literals;\n")
        self.broken("glob", "framework/core/CMakeLists.txt", "# SPDX-License-Identifier: MIT\nfile(GLOB_RECURSE x *.cpp)\n")

    def test_heads_of_files(self):
        self.assertEqual(["spdx"], rules_broken("framework/core/src/hub/a.cpp", "int a;\n", spdx=False))
        self.assertEqual(["spdx"], rules_broken("framework/core/src/hub/a.cpp", "\n" + SPDX, spdx=False))
        self.assertEqual([], rules_broken("tests/a.py", "#!/usr/bin/env python3\n# SPDX-License-Identifier: MIT\n", spdx=False))
        self.broken("pragma-once", "framework/core/src/hub/a.hpp", "int a;\n")

    def test_documents_quote_compiled_files_and_link_to_what_is_there(self):
        source = "framework/core/src/protocol/codec.hpp"
        self.assertEqual([], rules_broken("docs/a.md", f"<!-- from: {source} -->\n```cpp\n#pragma once\n```\n", spdx=False))
        self.assertEqual(["quoted-code"], rules_broken("docs/a.md", f"<!-- from: {source} -->\n```cpp\n#pragma twice\n```\n", spdx=False))
        self.assertEqual(["quoted-code"], rules_broken("docs/a.md", "<!-- from: nowhere.cpp -->\n```cpp\nint a;\n```\n", spdx=False))
        self.assertEqual(["quoted-code"], rules_broken("docs/a.md", "```cpp\n" + "int a;\n" * 5 + "```\n", spdx=False))
        self.assertEqual([], rules_broken("docs/a.md", "[x](../framework/core/layers.txt) [y](../framework/core) [z](https://a.b/c#d)\n", spdx=False))
        self.assertEqual([], rules_broken("docs/a.md", "```cpp\nserver.run();\n```\n", spdx=False))
        self.assertEqual(["link"], rules_broken("docs/a.md", "[x](missing.md#part)\n", spdx=False))

    def test_an_allowance_covers_its_own_rule_only(self):
        self.broken("detached", "framework/core/src/hub/a.cpp", "// lint-allow: sleep: wrong rule\nasio::detached;\n")

    def test_positions_survive_the_removal_of_comments(self):
        text = "int a = 10'000; // 'x'\nchar c = '\"'; /* \n */ auto s = R\"(co_await f({}))\";\nint b;"
        code = code_of(text)
        self.assertEqual(len(text), len(code))
        self.assertEqual(text.count("\n"), code.count("\n"))
        self.assertIn("10'000", code)
        self.assertNotIn("co_await", code)


class Program(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "check_tree.py")
            return subprocess.run([sys.executable, program, root], capture_output=True, text=True, check=False)

    def test_it_fails_on_a_folder_that_is_not_the_tree(self):
        answer = self.run_on(LAWFUL)
        self.assertEqual(1, answer.returncode)
        self.assertIn("this is not the tree", answer.stdout)

    def test_it_fails_with_path_and_line_on_a_violation(self):
        files = dict(LAWFUL)
        for number in range(60):
            files[f"framework/core/src/hub/f{number}.cpp"] = SPDX
        self.assertEqual(0, self.run_on(files).returncode)
        files["framework/core/src/hub/f7.cpp"] = SPDX + "\nauto x = asio::detached;\n"
        answer = self.run_on(files)
        self.assertEqual(1, answer.returncode)
        self.assertIn("framework/core/src/hub/f7.cpp:3: [detached]", answer.stdout)


class Exports(unittest.TestCase):
    def test_exactly_the_query_function(self):
        self.assertEqual("", wrong_exports("0000000000001139 T coax_plugin_query\n"))
        self.assertIn("exports nothing", wrong_exports(""))
        self.assertIn("boost::x", wrong_exports("0000000000001139 T coax_plugin_query\n0000000000004010 u boost::x\n"))
        self.assertIn("other", wrong_exports("0000000000001139 T other\n"))


if __name__ == "__main__":
    unittest.main()
