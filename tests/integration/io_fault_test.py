# SPDX-License-Identifier: MIT
"""Every socket call of a server fails once: the chat goes on for everybody else, nothing stays registered, and it stops cleanly.

Usage: io_fault_test.py CHAT_PROGRAM PLUGIN_FOLDER SHIM
"""
import base64
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

CHAT, PLUGINS, SHIM = sys.argv[-3:]
del sys.argv[-3:]
LIMIT = 60  # seconds, of every wait
ROOM = json.dumps({"channel": "ChatChannel", "room": "faults"})


class Gone(Exception):
    """The server has ended this connection."""


class Client:
    def __init__(self, port, name):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
        try:
            key = base64.b64encode(os.urandom(16)).decode()
            self.socket.sendall((f"GET /cable?name={name} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                 f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                                 "Sec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n").encode())
            self.data = b""
            while b"\r\n\r\n" not in self.data:
                self._more()
            self.data = self.data.split(b"\r\n\r\n", 1)[1]
        except (OSError, Gone) as failed:
            self.close()
            raise Gone from failed

    def _more(self):
        try:
            data = self.socket.recv(4096)
        except ConnectionError as failed:
            raise Gone from failed
        if not data:
            raise Gone
        self.data += data

    def send(self, **command):
        text = json.dumps(command).encode()
        head = bytes([0x81, 0x80 | len(text)]) if len(text) < 126 else bytes([0x81, 0xFE]) + struct.pack(">H", len(text))
        try:
            self.socket.sendall(head + b"\0\0\0\0" + text)  # masked with zeros
        except OSError as failed:
            raise Gone from failed

    def message(self):
        """The next message as JSON; a close frame counts as the end."""
        while True:
            if len(self.data) >= 2:
                size, start = self.data[1], 2
                if size == 126 and len(self.data) >= 4:
                    size, start = struct.unpack(">H", self.data[2:4])[0], 4
                if size != 126 and len(self.data) >= start + size or start == 4 and len(self.data) >= start + size:
                    code, body = self.data[0] & 15, self.data[start:start + size]
                    self.data = self.data[start + size:]
                    if code == 8:
                        raise Gone
                    if code == 1:
                        return json.loads(body)
                    continue
            self._more()

    def until(self, wanted):
        while not wanted(message := self.message()):
            pass
        return message

    def close(self):
        self.socket.close()


def converse(port, name):
    """Joins the room, says a line, hears it, leaves."""
    client = Client(port, name)
    try:
        client.until(lambda message: message.get("type") == "welcome")
        client.send(command="subscribe", identifier=ROOM)
        client.until(lambda message: message.get("type") == "confirm_subscription")
        client.send(command="message", identifier=ROOM, data=json.dumps({"action": "speak", "text": f"{name} was here"}))
        client.until(lambda message: isinstance(message.get("message"), dict) and message["message"].get("text") == f"{name} was here")
    finally:
        client.close()


class IoFaultTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="coax-faults-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, **variables):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("COAX_")}
        # The sanitizer's runtime wants to be first among the preloaded; the shim needs nothing of it.
        inherited["ASAN_OPTIONS"] = inherited.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        server = subprocess.Popen([CHAT, "--listen", "127.0.0.1:0", "--set", "server.threads=1", "--set", "log.level=error"],
                                  cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  env=dict(inherited, COAX_PLUGIN_PATH=PLUGINS, LD_PRELOAD=SHIM, **variables))
        self.addCleanup(lambda: (server.poll() is None and server.kill(), server.wait(LIMIT), server.stdout.close(), server.stderr.close()))
        line = server.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+)", line)
        self.assertIsNotNone(found, f"the server did not start: {line}{server.stderr.read() if server.poll() is not None else ''}")
        return server, int(found.group(1))

    def sessions(self, port):
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as peer:
            peer.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while data := peer.recv(4096):
                answer += data
        report = json.loads(answer.split(b"\r\n\r\n", 1)[1])
        return report["sessions"], report["subscriptions"], report["streams"]

    def run_with_failure(self, number, how):
        """One server whose `number`-th call fails. Which call it was, or nothing: there are not so many."""
        log = self.folder / f"{how}-{number}"
        server, port = self.start(COAX_FAIL_AT=str(number), COAX_FAIL_HOW=how, COAX_FAIL_LOG=str(log))
        lost = False
        try:
            converse(port, "Ann")
        except Gone:
            lost = True
        failed = log.read_text() if log.exists() else None
        if failed is not None:
            converse(port, "Bob")  # whatever became of Ann
            deadline = time.monotonic() + LIMIT
            while (left := self.sessions(port)) != (0, 0, 0):
                self.assertLess(time.monotonic(), deadline, f"{failed} number {number} left {left}")
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(LIMIT), 0, server.stderr.read())
        if how == "again":
            self.assertFalse(lost, f"{failed} number {number}: EAGAIN is no reason to lose a client")
        return failed

    def run_all(self, how):
        seen = []
        while (failed := self.run_with_failure(len(seen), how)) is not None:
            seen.append(failed)
            self.assertLess(len(seen), 500)
        print(f"{how}: {len(seen)} calls failed, one after the other: {' '.join(seen)}")
        self.assertEqual(set(seen) - {"sendmsg"}, {"accept4", "recv", "send"}, "the shim saw the calls of a whole conversation")

    def test_each_call_fails_once(self):
        self.run_all("error")

    def test_each_call_would_block_once(self):
        self.run_all("again")


if __name__ == "__main__":
    unittest.main()
