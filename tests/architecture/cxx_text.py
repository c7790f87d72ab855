# SPDX-License-Identifier: MIT
"""C++ text without comments and literals, and the lint of co_await that needs brackets to be matched."""

import re

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s"]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\b\d(?:\'?[\w.])*|\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def _blank(match):
    token = match.group(0)
    if token[0].isdigit():
        return token
    blank = re.sub(r"[^\n]", " ", token)
    return f'"{blank[1:-1]}"' if token[0] in "R\"'" and len(token) > 1 else blank


def code_of(text):
    """Comments become spaces and literals empty; every character keeps its place, so positions and lines stay true."""
    return _TOKEN.sub(_blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


_CONTROL = re.compile(r"\b(if|while|for|switch|catch)(\s+constexpr)?\s*$")
_ASSERTION = re.compile(r"\b(CHECK|REQUIRE|CHECK_FALSE|REQUIRE_FALSE|CHECK_THAT|REQUIRE_THAT|CHECK_THROWS_AS|REQUIRE_THROWS_AS)\s*$")
_BLOCK_BEFORE = re.compile(
    r"(\)|;|\{|\}|:|\b(else|do|try|const|noexcept|override|final|mutable)|->\s*[\w:]+(\s*<[\w:<>,\s*&]*>)?\s*)\s*$")


def _context(code, position):
    """Walks back from a co_await to the start of its expression. Answers (start, kind) and whether an outer brace was crossed.

    kind: 'statement', or the keyword of the control statement, or 'assertion', in whose parentheses it stands.
    """
    depth = 0
    crossed = False
    i = position - 1
    while i >= 0:
        c = code[i]
        if c in ")]":
            depth += 1
        elif c == "}":
            if depth == 0 and code[i + 1:position].lstrip()[:1] not in (".", ",", "?", "|", "+", "="):
                return i + 1, "statement", crossed
            depth += 1
        elif c in "([{" and depth > 0:
            depth -= 1
        elif c == "(" or c == "[":
            before = code[:i]
            control = _CONTROL.search(before[-40:])
            if control:
                return i + 1, control.group(1), crossed
            if _ASSERTION.search(before[-40:]):
                return i + 1, "assertion", crossed
        elif c == "{":
            if _BLOCK_BEFORE.search(code[max(0, i - 200):i]) or i == 0:
                return i + 1, "statement", crossed
            crossed = True
        elif c == ";" and depth == 0:
            # Inside the parentheses of a for, a semicolon is not the end.
            opener = _unmatched_opener(code, i)
            if opener is not None and code[opener] == "(" and _CONTROL.search(code[max(0, opener - 40):opener]):
                return i + 1, "condition of for" if code[opener + 1:i].count(";") == 0 else "step of for", crossed
            return i + 1, "statement", crossed
        i -= 1
    return 0, "statement", crossed


def _unmatched_opener(code, position):
    depth = 0
    for i in range(position - 1, -1, -1):
        if code[i] in ")]}":
            depth += 1
        elif code[i] in "([{":
            if depth == 0:
                return i
            depth -= 1
    return None


def _end(code, position):
    """The end of the expression that contains `position`, and whether a brace stands in it."""
    depth = 0
    for i in range(position, len(code)):
        c = code[i]
        if c in "([":
            depth += 1
        elif c in ")]":
            depth -= 1
            if depth < 0:
                # Out of the inner call: go on unless what follows is a block or the end.
                rest = code[i + 1:].lstrip()[:1]
                if rest in ("{", ""):
                    return i, False
                depth = 0
        elif c == "{":
            return i, True
        elif c == "}" or (c == ";" and depth <= 0):
            return i, False
    return len(code), False


def co_await_findings(code):
    """(position, rule, why) for each co_await that GCC 12 is known to miscompile."""
    for match in re.finditer(r"\bco_await\b", code):
        position = match.start()
        start, kind, crossed = _context(code, position)
        if kind in ("while", "condition of for"):
            yield position, "co-await-loop", "co_await in a loop condition: await into a name inside the loop, then break"
            continue
        if kind == "assertion":
            yield position, "co-await-loop", "co_await inside a test macro ends up in a loop condition: await into a name first"
            continue
        if kind in ("if", "switch"):
            # Only what is inside the parentheses belongs to the expression.
            end, brace = _inside(code, start)
        else:
            end, brace = _end(code, position)
        text = code[start:position]
        if crossed or brace or "{" in text:
            yield position, "co-await-brace", "a brace inside an expression with co_await: name the temporary first"
        elif re.search(r"\bnew\b", code[start:end]):
            yield position, "co-await-brace", "new in an expression with co_await: use make_unique"


def _inside(code, start):
    depth = 0
    for i in range(start, len(code)):
        if code[i] in "([":
            depth += 1
        elif code[i] in ")]":
            if depth == 0:
                return i, "{" in code[start:i]
            depth -= 1
    return len(code), False


_CAPTURING = re.compile(
    r"\[[^\[\]]+\]\s*(\([^()]*(\([^()]*\)[^()]*)*\))?\s*(mutable\s*)?(noexcept\s*)?->\s*(coax::)?(task|(boost::)?asio::awaitable)\s*<")


def capturing_coroutines(code):
    for match in _CAPTURING.finditer(code):
        yield match.start(), "capturing-coroutine", "a lambda coroutine with captures: hand its state in as parameters"
