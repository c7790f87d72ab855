# SPDX-License-Identifier: MIT
"""Starts the foreign server, asks for its health, lets two clients talk, stops it: chat_once.py <program> <adapter> <plugin folder>."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request

from websocket import Cable

LIMIT = 20


def start(program, adapter, plugins):
    environment = dict(os.environ, COAX_SERVER__LISTEN="127.0.0.1:0", COAX_ADAPTER__NAME=adapter, COAX_PLUGIN_PATH=plugins)
    return subprocess.Popen([program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def port_of(server, seen):
    """The port, from the first log line that names the address."""
    for line in server.stdout:
        seen.append(line)
        match = re.search(r"127\.0\.0\.1:([1-9]\d*)", line)
        if match:
            return int(match.group(1))
    raise RuntimeError("the server ended before it listened")


def expect(what, wanted, got):
    if wanted != got:
        raise RuntimeError(f"{what}: expected {wanted}, got {got}")


def talk(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=LIMIT) as answer:
        expect("health", 200, answer.status)

    identifier = json.dumps({"channel": "ChatChannel", "room": "lobby"})
    speaker, listener = Cable(port), Cable(port)
    for client in (speaker, listener):
        expect("greeting", "welcome", client.receive()["type"])
        client.send({"command": "subscribe", "identifier": identifier})
        expect("answer", {"type": "confirm_subscription", "identifier": identifier}, client.receive())
    speaker.send({"command": "message", "identifier": identifier, "data": json.dumps({"action": "speak", "text": "hello"})})
    for client in (speaker, listener):
        expect("broadcast", {"identifier": identifier, "message": {"text": "hello"}}, client.receive())
        client.close()


def main():
    server = start(*sys.argv[1:4])
    seen = []
    # The only way out of a server that hangs.
    guard = threading.Timer(3 * LIMIT, server.kill)
    guard.start()
    try:
        port = port_of(server, seen)
        reader = threading.Thread(target=lambda: seen.extend(server.stdout), daemon=True)
        reader.start()
        talk(port)
        server.send_signal(signal.SIGTERM)
        expect("exit code", 0, server.wait(LIMIT))
    except Exception:
        print("".join(seen))
        raise
    finally:
        guard.cancel()
        if server.poll() is None:
            server.kill()
            server.wait()
    print("two clients talked through the foreign server")


if __name__ == "__main__":
    main()
