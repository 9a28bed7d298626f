"""The tutorial, typed as it stands into an empty folder by somebody who has never used heatlas."""

from __future__ import annotations

import re

import pytest
from newcomer import ROOT, Newcomer

TUTORIAL = ROOT / "docs" / "tutorial.md"
CHANGES = re.compile(
    r"took [0-9.]+ s|the best guess is [0-9,]+ m off|nothing to guess from|nearest to [0-9]+ m|[0-9] of 4 places"
)
"""Times, and what the audit finds, which depends on a secret."""
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


def same(line, printed):
    """Whether a line as the tutorial shows it is among those that were printed."""
    shown = CHANGES.sub("~", line.removesuffix("..."))
    lines = [CHANGES.sub("~", one) for one in printed.splitlines()]
    return any(one.startswith(shown) if line.endswith("...") else one == shown for one in lines)


@pytest.mark.parametrize(
    "found", ["the best guess is 9 m off", "the best guess is 2,171 m off", "nothing to guess from"]
)
def test_what_follows_from_a_secret_may_differ(found):
    printed = f"18 starts and ends around 47.8205,10.8674: {found}\n"
    assert same("18 starts and ends around 47.8205,10.8674: the best guess is 450 m off", printed)
    assert not same("17 starts and ends around 47.8205,10.8674: the best guess is 450 m off", printed)


def test_the_tutorial_can_be_typed_as_it_stands(tmp_path, wheel):
    newcomer, different, audits = Newcomer(tmp_path, wheel, "server"), [], 0
    # One secret for all runs: another one is cut elsewhere, and once in many runs no five wider zones are enough.
    newcomer.environment["HEATLAS_CONFIG"] = str(tmp_path / "settings")
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings" / "secret").write_text("5e" * 32, encoding="ascii")
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
