"""The tutorial, typed as it stands into an empty folder by somebody who has never used heatlas."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

TUTORIAL = Path(__file__).resolve().parents[1] / "docs" / "tutorial.md"
CHANGES = re.compile(r"took [0-9.]+ s|is [0-9]+ m off|nearest to [0-9]+ m|[0-9] of 4 places")
"""Times, and distances that are drawn from a secret."""
ADVICE = re.compile(r"heatlas (zones remove \S+) and heatlas (zones add [^;]*?m)$", re.MULTILINE)


def steps():
    """Commands of the tutorial in order, each with the lines that it prints there."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


class Newcomer:
    """Somebody with an empty home and an empty folder."""

    def __init__(self, folder):
        self.folder = folder / "work"
        self.folder.mkdir()
        kept = {name: text for name, text in os.environ.items() if not name.startswith(("HEATLAS", "XDG"))}
        home = {"HOME": str(folder), "USERPROFILE": str(folder), "APPDATA": str(folder)}
        # Compiled code is the installation's, not the newcomer's.
        self.environment = {**kept, **home, "PYTHONPATH": str(TUTORIAL.parents[1]), "COLUMNS": "400"}

    def start(self, line, **how):
        words = shlex.split(line)
        assert words[0] == "heatlas"
        return subprocess.Popen(
            [sys.executable, "-m", "heatlas", *words[1:]], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how,
        )  # fmt: skip

    def types(self, line):
        process = self.start(line)
        printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0, f"{line}: {printed}"
        return printed

    def looks(self, line):
        """Start a server, open its page, and end it by Ctrl-C."""
        process = self.start(f"{line} --port 0")
        stopped = threading.Timer(120, process.kill)
        stopped.start()
        try:
            address = None
            for printed in process.stdout:
                if found := re.search(r"http://[0-9.]+:([0-9]+)/", printed):
                    address = f"http://127.0.0.1:{found[1]}/"
                    break
            assert address, f"{line}: no address"
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert b"<title>" in answer.read()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
        finally:
            stopped.cancel()
            process.kill()
            process.communicate()


def same(line, printed):
    """Whether a line as the tutorial shows it is among those that were printed."""
    shown = CHANGES.sub("~", line.removesuffix("..."))
    lines = [CHANGES.sub("~", one) for one in printed.splitlines()]
    return any(one.startswith(shown) if line.endswith("...") else one == shown for one in lines)


def test_the_tutorial_can_be_typed_as_it_stands(tmp_path):
    newcomer, different, audits = Newcomer(tmp_path), [], 0
    for command, shown in steps():
        if command.startswith("heatlas serve"):
            newcomer.looks(command)
            continue
        printed = newcomer.types(command)
        if command == "heatlas zones audit" and audits:
            for _ in range(5):  # the secret decides whether a guess is close by chance; the tutorial says what to do
                advice = ADVICE.findall(printed)
                if not advice:
                    break
                for pair in advice:
                    for line in pair:
                        newcomer.types(f"heatlas {line}")
                printed = newcomer.types(command)
        audits += command == "heatlas zones audit"
        different += [f"{command}: {line}" for line in shown if not same(line, printed)]
    assert audits == 2
    assert not different, "\n".join(different)
    for made in ("heat.png", "pace.png", "heatlas.db", "map.html", "www/heat/index.html"):
        assert (newcomer.folder / made).stat().st_size > 1000, made
