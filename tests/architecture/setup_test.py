# SPDX-License-Identifier: MIT
"""Runs scripts/setup against a package system that is a few scripts and a folder: setup_test.py <root>."""

import os
import stat
import subprocess
import sys
import tempfile
import unittest

ROOT = sys.argv.pop(1)

DPKG_QUERY = """#!/bin/sh
for last; do :; done
[ -e "$FAKE/installed/$last" ] && printf installed
"""

APT_GET = """#!/bin/sh
echo "$@" >>"$FAKE/calls"
[ "$1" = update ] && exit 0
simulate=no
for word; do [ "$word" = --simulate ] && simulate=yes; done
for word; do
  case "$word" in
    install | -* | Dpkg::*) ;;
    *) if [ $simulate = yes ]; then echo "Inst $word (1.0)"
       elif [ -e "$FAKE/broken" ]; then echo "E: no such package" >&2; exit 100
       else : >"$FAKE/installed/$word"; echo "Setting up $word (1.0) ..."; fi ;;
  esac
done
"""

SUDO = """#!/bin/sh
exec "$@"
"""

PACKAGES = ("g++ cmake ninja-build ccache libboost1.81-dev libboost-json1.81-dev zlib1g-dev libtomlplusplus-dev libcli11-dev "
            "catch2 pkg-config python3").split()


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.fake = self.folder.name
        os.makedirs(f"{self.fake}/bin")
        os.makedirs(f"{self.fake}/installed")
        for name, text in (("dpkg-query", DPKG_QUERY), ("apt-get", APT_GET), ("sudo", SUDO)):
            with open(f"{self.fake}/bin/{name}", "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(f"{self.fake}/bin/{name}", stat.S_IRWXU)
        for name in PACKAGES:
            self.touch(f"installed/{name}")

    def touch(self, name):
        with open(f"{self.fake}/{name}", "w", encoding="utf-8"):
            pass

    def run_setup(self, *arguments):
        # A copy of the script, so that its log does not land in the real build folder.
        os.makedirs(f"{self.fake}/tree/scripts", exist_ok=True)
        with open(f"{ROOT}/scripts/setup", encoding="utf-8") as source, \
                open(f"{self.fake}/tree/scripts/setup", "w", encoding="utf-8") as target:
            target.write(source.read())
        environment = dict(os.environ, FAKE=self.fake, PATH=f"{self.fake}/bin:{os.environ['PATH']}")
        return subprocess.run(["bash", f"{self.fake}/tree/scripts/setup", *arguments], env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)

    def calls(self):
        try:
            with open(f"{self.fake}/calls", encoding="utf-8") as file:
                return file.read().splitlines()
        except FileNotFoundError:
            return []

    def test_with_everything_in_place_the_package_system_is_not_asked(self):
        answer = self.run_setup()
        self.assertEqual(0, answer.returncode, answer.stderr)
        self.assertEqual([], self.calls())
        self.assertIn("step 1 of 1", answer.stdout)
        self.assertIn("everything is in place", answer.stdout)

    def test_only_what_is_missing_is_installed_and_the_second_run_does_nothing(self):
        os.remove(f"{self.fake}/installed/ccache")
        os.remove(f"{self.fake}/installed/catch2")
        answer = self.run_setup()
        self.assertEqual(0, answer.returncode, answer.stderr)
        calls = self.calls()
        self.assertEqual("update", calls[0])
        self.assertTrue(calls[-1].endswith("ccache catch2"), calls)
        self.assertIn("10 of 12 are there already", answer.stdout)
        self.assertIn("2 of 2: catch2", answer.stdout)

        again = self.run_setup()
        self.assertEqual(0, again.returncode, again.stderr)
        self.assertIn("12 of 12 are there already", again.stdout)
        self.assertEqual(calls, self.calls())

    def test_a_package_that_cannot_be_installed_fails_and_says_why(self):
        os.remove(f"{self.fake}/installed/ccache")
        self.touch("broken")
        answer = self.run_setup()
        self.assertEqual(1, answer.returncode)
        self.assertIn("E: no such package", answer.stderr)
        self.assertNotIn("everything is in place", answer.stdout)

    def test_an_unknown_argument_is_refused(self):
        self.assertEqual(64, self.run_setup("--everything").returncode)


if __name__ == "__main__":
    unittest.main()
