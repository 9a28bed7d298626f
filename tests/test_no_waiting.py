"""The tables of figures that scripts write: their scripts are there, and a script changes its own rows alone."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import no_waiting  # noqa: E402
from turns import Took, median, seconds  # noqa: E402

PAGES = {
    no_waiting.PAGE: ("no_waiting.py", "start_up.py"),
    ROOT / "docs" / "explanation" / "scale.md": ("scale.py",),
}
"""Page -> scripts that write parts of it."""


@pytest.fixture
def page(tmp_path):
    """A page with a text, the table with rows of two scripts, and another script's block."""
    made = tmp_path / "page.md"
    rows = [
        f"| {name} | `{script}` | 1 s | - | - | - | long ago |"
        for script in ("start_up.py", "points.py")
        for name in no_waiting.SCRIPTS[script]
    ]
    table = "\n".join([*no_waiting.HEAD, *rows])
    made.write_text(
        f"# A page\n\n<!-- figures of benchmarks/no_waiting.py -->\n\n{table}\n\n<!-- end of figures -->\nMore.\n\n"
        "<!-- figures of benchmarks/other.py -->\n| stays |\n<!-- end of figures -->\nThe end.\n"
    )
    return made


def test_pages_have_the_marks_of_the_scripts_that_write_them():
    for page, scripts in PAGES.items():
        text = page.read_text(encoding="utf-8")
        found = re.findall(r"<!-- figures of benchmarks/(\w+\.py) -->\n(.*?)<!-- end of figures -->", text, re.DOTALL)
        assert [script for script, _ in found] == list(scripts)
        for script in scripts:
            assert "write_block(" in (ROOT / "benchmarks" / script).read_text(encoding="utf-8")


def test_the_table_has_a_script_for_each_row_and_no_others():
    told = {name: script for script, names in no_waiting.SCRIPTS.items() for name in names}
    assert set(no_waiting.PEERS) == set(no_waiting.SCRIPTS)
    for script in no_waiting.SCRIPTS:
        text = (ROOT / "benchmarks" / script).read_text(encoding="utf-8")
        assert f'SCRIPTS["{script}"]' in text
        assert f'tell("{script}", ' in text
    lines = no_waiting.read_block(no_waiting.PAGE, "no_waiting.py").splitlines()[len(no_waiting.HEAD) :]
    rows = [line[2:].split(" | ")[:2] for line in lines]
    assert rows == [[name, f"`{script}`"] for name, script in told.items()]


def test_a_script_changes_its_rows_alone(page, capsys):
    before = page.read_text().splitlines()
    rows = [
        no_waiting.compared(no_waiting.SCRIPTS["points.py"][0], Took(1.5, 0.9), "DuckDB", Took(3.0, 1.2)),
        no_waiting.Row(no_waiting.SCRIPTS["install.py"][0], "300 MB", "hotpot", "12 MB"),
    ]
    no_waiting.tell("points.py", "today", rows[:1], write=False, page=page)
    assert page.read_text().splitlines() == before
    no_waiting.tell("points.py", "today", rows[:1], write=True, page=page)
    no_waiting.tell("install.py", "today", rows[1:], write=True, page=page)
    after = page.read_text().splitlines()
    points = (
        f"| {no_waiting.SCRIPTS['points.py'][0]} | `points.py` | 1.50 s, 0.90 s | DuckDB | 3.00 s, 1.20 s | 2 | today |"
    )
    size = "| size of an installation | `install.py` | 300 MB | hotpot | 12 MB | - | today |"
    assert size in after
    assert after.index(size) < after.index(points)  # rows keep the order of the scripts
    assert [line for line in after if line not in {points, size}] == [
        line for line in before if "`points.py`" not in line
    ]


def test_a_page_without_marks_is_refused_as_it_is(page):
    before = page.read_text()
    with pytest.raises(SystemExit, match=r"no marks of benchmarks/new\.py"):
        no_waiting.write_block(page, "new.py", "text")
    assert page.read_text() == before


def test_the_median_is_that_of_each_figure():
    assert median([Took(1, 9, 5), Took(2, 8, 6), Took(3, 7, 4)]) == Took(2, 8, 5)
    assert [seconds(value) for value in (0.0123, 0.456, 12.34)] == ["0.012 s", "0.46 s", "12.3 s"]
