# SPDX-License-Identifier: MIT
"""A WebSocket client of the few lines that the package test needs: text messages, one at a time, with a deadline on every wait."""

import base64
import json
import os
import socket
import struct


class Cable:
    def __init__(self, port, path="/cable", limit=10):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=limit)
        self.rest = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
                             "Sec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"no upgrade: {head.decode()}")

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise RuntimeError("the server closed the connection")
        self.rest += data

    def _take(self, count):
        while len(self.rest) < count:
            self._more()
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def send(self, message):
        data = json.dumps(message).encode()
        mask = os.urandom(4)
        size = struct.pack("!B", 0x80 | len(data)) if len(data) < 126 else struct.pack("!BH", 0x80 | 126, len(data))
        self.socket.sendall(b"\x81" + size + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def receive(self):
        """The next message that is no ping."""
        while True:
            opcode, size = self._take(2)
            if size == 126:
                size = struct.unpack("!H", self._take(2))[0]
            data = self._take(size)
            if opcode & 0x0F == 8:
                raise RuntimeError(f"closed: {data!r}")
            if opcode & 0x0F == 1:
                message = json.loads(data)
                if message.get("type") != "ping":
                    return message

    def close(self):
        self.socket.close()
