# SPDX-License-Identifier: MIT
"""The program `coax serve` as an operator meets it: exit codes, messages, signals, few descriptors.

Arguments: the program, the folder of its plugins, a shared library that is no plugin.
"""

import json
import os
import pathlib
import queue
import re
import resource
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

PROGRAM, PLUGINS, FOREIGN = sys.argv[-3:]
del sys.argv[-3:]
LIMIT = 60  # seconds, of every wait

UPGRADE = (b"GET /cable HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n")


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COAX_")}
    return dict(kept, COAX_PLUGIN_PATH=PLUGINS)


def outcome(*arguments, folder, **variables):
    """Exit code and standard error of a run that ends by itself."""
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, env=dict(environment(), **variables), capture_output=True, text=True,
                          timeout=LIMIT, check=False)
    return done.returncode, done.stderr, done.stdout


class Server:
    """A running server: its log can be waited for."""

    def __init__(self, folder, *settings, descriptors=None):
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
        command = [PROGRAM, "serve", "--listen", "127.0.0.1:0"]
        for setting in settings:
            command += ["--set", setting]
        self.process = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True, preexec_fn=limit)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        line = self.wait("server.listening")
        self.port = int(re.search(r"address=127\.0\.0\.1:(\d+)", line).group(1))

    def _read(self):
        for line in self.process.stderr:
            self.lines.put(line)
        self.lines.put(None)

    def wait(self, word):
        """The next line of the log with that word."""
        seen = []
        while True:
            line = self.lines.get(timeout=LIMIT)
            if line is None:
                raise AssertionError(f"the server ended before it wrote {word}: {''.join(seen)}")
            if word in line:
                return line
            seen.append(line)

    def health(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT) as peer:
            peer.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while data := peer.recv(4096):
                answer += data
        head, body = answer.split(b"\r\n\r\n", 1)
        return int(head.split()[1]), json.loads(body)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        code = self.process.wait(timeout=LIMIT)
        self.close()
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=LIMIT)
        self.reader.join()
        self.process.stderr.close()


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="coax-test-")
        self.addCleanup(shutil.rmtree, self.folder)

    def start(self, *settings, **options):
        server = Server(self.folder, *settings, **options)
        self.addCleanup(server.close)
        return server

    def refused(self, code, *arguments, **variables):
        """One line on standard error and the exit code; returns the line."""
        got, message, _ = outcome(*arguments, folder=self.folder, **variables)
        self.assertEqual(got, code, message)
        lines = [line for line in message.splitlines() if " info " not in line]
        self.assertEqual(len(lines), 1, message)
        self.assertTrue(lines[0].startswith("coax: "), message)
        return lines[0]

    def test_a_broken_configuration_is_one_message_and_78(self):
        pathlib.Path(self.folder, "broken.toml").write_text("[server\nlisten = 1\n", encoding="utf-8")
        self.assertIn("broken.toml", self.refused(78, "serve", "-c", "broken.toml"))
        pathlib.Path(self.folder, "typo.toml").write_text("[server]\nlisen = ['127.0.0.1:0']\n", encoding="utf-8")
        self.assertIn("server.lisen", self.refused(78, "serve", "-c", "typo.toml"))
        self.assertIn("server.listen", self.refused(78, "serve", "--listen", "nowhere"))

    def test_print_config_prints_it_and_starts_nothing(self):
        code, message, printed = outcome("serve", "--print-config", "--set", "session.ping_interval=7s", folder=self.folder)
        self.assertEqual((code, message), (0, ""))
        self.assertRegex(printed, r'ping_interval\s*=\s*"7s"')

    def test_a_port_in_use_is_1_with_address_and_remedy(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            line = self.refused(1, "serve", "--listen", address)
        self.assertIn(address, line)
        self.assertIn("server.listen", line)

    def test_a_missing_plugin_is_78_and_names_the_folders(self):
        line = self.refused(78, "serve", "--listen", "127.0.0.1:0", "--set", "adapter.name=nonesuch")
        self.assertIn("libcoax_adapter_nonesuch.so", line)
        self.assertIn(PLUGINS, line)
        self.assertIn("COAX_PLUGIN_PATH", line)

    def test_an_option_that_the_adapter_does_not_know_is_78_and_named(self):
        line = self.refused(78, "serve", "--listen", "127.0.0.1:0", "--set", "adapter.memory.bogus=1")
        self.assertIn("bogus", line)

    def test_files_that_are_no_such_plugin_are_refused_with_a_reason(self):
        shutil.copy(FOREIGN, os.path.join(self.folder, "libcoax_adapter_foreign.so"))
        shutil.copy(os.path.join(PLUGINS, "libcoax_adapter_memory.so"), os.path.join(self.folder, "libcoax_adapter_other.so"))
        pathlib.Path(self.folder, "libcoax_adapter_text.so").write_text("no library", encoding="utf-8")
        for name, reason in (("foreign", "is not a coax plugin"), ("other", "memory"), ("text", "cannot be loaded")):
            with self.subTest(name):
                line = self.refused(1, "serve", "--listen", "127.0.0.1:0", "--set", f"adapter.name={name}", COAX_PLUGIN_PATH=self.folder)
                self.assertIn(f"libcoax_adapter_{name}.so", line)
                self.assertIn(reason, line)

    def test_signals_end_it_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            server = self.start()
            self.assertEqual(server.health()[0], 200)
            self.assertEqual(server.stop(number), 0)

    def test_a_second_signal_skips_the_stages(self):
        server = self.start("shutdown.delay=300s", "shutdown.grace=600s")
        server.process.send_signal(signal.SIGTERM)
        server.wait("server.stopping")
        self.assertEqual(server.health()[0], 503)
        self.assertEqual(server.stop(), 0)

    def test_more_clients_than_descriptors_are_served_as_others_leave(self):
        clients = 150
        # UBSan's vptr check looks at memory through a pipe; without free descriptors it sees errors that are not there.
        with unittest.mock.patch.dict(os.environ, UBSAN_OPTIONS="halt_on_error=0"):
            server = self.start("server.raise_file_limit=false", "server.threads=2", descriptors=80)
        waiting = selectors.DefaultSelector()
        for _ in range(clients):
            peer = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
            peer.sendall(UPGRADE)
            waiting.register(peer, selectors.EVENT_READ)
        self.assertIn("ulimit -n", server.wait("accept.failed"))
        served = 0
        deadline = time.monotonic() + LIMIT
        while served < clients:
            self.assertLess(time.monotonic(), deadline, f"{served} of {clients} clients were served")
            for key, _ in waiting.select(timeout=1):
                answer = key.fileobj.recv(64)
                self.assertTrue(answer.startswith(b"HTTP/1.1 101 "), answer)
                served += 1
                waiting.unregister(key.fileobj)
                key.fileobj.close()  # makes room for one of those that wait
        waiting.close()
        while (report := server.health())[1]["sessions"] > 0:
            self.assertLess(time.monotonic(), deadline, report)
        self.assertEqual(report[0], 200)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
