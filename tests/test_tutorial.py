"""The tutorial, typed as it stands into an empty folder by somebody who has never used heatlas."""

from __future__ import annotations

import re

from newcomer import ROOT, Newcomer

TUTORIAL = ROOT / "docs" / "tutorial.md"
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


def same(line, printed):
    """Whether a line as the tutorial shows it is among those that were printed."""
    shown = CHANGES.sub("~", line.removesuffix("..."))
    lines = [CHANGES.sub("~", one) for one in printed.splitlines()]
    return any(one.startswith(shown) if line.endswith("...") else one == shown for one in lines)


def test_the_tutorial_can_be_typed_as_it_stands(tmp_path, wheel):
    newcomer, different, audits = Newcomer(tmp_path, wheel, "server"), [], 0
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
