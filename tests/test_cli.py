"""The command line, as a person who has never seen it would try it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import click
import commands
import made
import pytest


@pytest.fixture
def export(tmp_path):
    return made.export(tmp_path / "export")


def heatlas(*args, cwd, **env):
    return commands.heatlas(*args, cwd=cwd, env={**os.environ, "HEATLAS_CONFIG": str(cwd / "settings"), **env})


def test_render_says_what_it_did_and_prints_what_it_wrote(export, tmp_path):
    done = heatlas("render", export, "-o", "heat.png", "--width", 400, "--legend", "--clip-ends", "100m", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "heat.png"
    assert (tmp_path / "heat.png").stat().st_size > 500
    assert "1 activity that was virtual or indoors" in done.stderr
    assert "7.fit" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_one_object_with_what_was_promised(export, tmp_path):
    done = heatlas("render", export, "-o", "heat.png", "--json", "--quiet", "--width", 300, cwd=tmp_path)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    promised = {
        "files", "activities", "fixes", "dropped", "places", "window", "measure", "range", "total", "seconds",
        "outputs",
    }  # fmt: skip
    assert promised <= set(report)
    assert {"read", "failed", "skipped"} <= set(report["files"])
    assert {"bbox", "width", "height", "zoom", "resolution_m"} <= set(report["window"])
    assert report["measure"] == "passes"
    assert report["window"]["width"] == 300


def test_info(export, tmp_path):
    done = heatlas("info", export, cwd=tmp_path)
    assert done.returncode == 0
    assert "Run" in done.stdout
    assert "--bbox" in done.stdout
    assert json.loads(heatlas("info", export, "--json", cwd=tmp_path).stdout)["activities"] == 4
    assert "ember" in heatlas("info", "--colormaps", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["render"], 2, "Missing option"),
        (["render", "-o", "x.png"], 2, "name a SOURCE: there is no heatlas.db here"),
        (["render", "export"], 2, "Missing option '-o' / '--output'. Name the file to write, such as -o heat.png"),
        (["render", "nowhere", "-o", "x.png"], 2, "there is no file or folder nowhere"),
        (["render", "export", "-o", "x.jpeg"], 2, "ending"),
        (["render", "export", "-o", "export/activities/7.fit/x.png"], 2, "no folder"),
        (["render", "export", "-o", "x.png", "--measure", "hart_rate"], 2, "did you mean heart_rate"),
        (["render", "export", "-o", "x.png", "--where", "a b"], 2, "not understood"),
        (["render", "export", "-o", "x.png", "--bbox", "0,0,1,1"], 1, "no track goes through"),
        (["render", "export", "-o", "x.png", "--wat"], 2, "No such option"),
        (["render", "export/activities/7.fit", "-o", "x.png"], 1, "empty"),
        (["rendr"], 2, "No such command 'rendr': did you mean render?"),
        (["export"], 2, "No such command 'export': to draw export, type heatlas render export -o heat.png"),
        (["help"], 2, "No such command 'help': there are render, import"),
        (["zones", "ad", "home"], 2, "No such command 'ad': did you mean add?"),
        (["render", "exprt", "-o", "x.png"], 2, "there is no file or folder exprt: did you mean export?"),
        (["render", "export", "-o", "x.png", "--around", "60.17", "24.94", "5km"], 2, "such as --around 60.17,24.94"),
        (["render", "export", "-o", "x.png", "--width", "wide"], 2, "'wide' is not a valid integer"),
        (["render", "export", "-o", "x.html", "--layers", "sprt"], 2, "there is no 'sprt': did you mean sport?"),
        (["zones", "add", "home", "--at", "47.8", "--radius", "500m"], 2, "--at '47.8' is no place: give latitude,"),
        (["zones", "add", "home", "--at", "47.8,10.9", "--radius", "big"], 2, "--radius 'big'"),
        (["info"], 2, "name a SOURCE"),
        (["info", "nowhere"], 2, "there is no file or folder"),
    ],
)  # fmt: skip
def test_wrong_input_gets_one_clear_sentence(export, tmp_path, args, code, says):
    done = heatlas(*args, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_an_interrupt_where_python_ignores_errors_is_not_lost():
    code = """
import signal, sys, weakref
import heatlas.cli as cli

class Thing: pass

def work(**_):
    thing = Thing()
    ears = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing  # the error of a callback goes nowhere
    for _ in range(10_000_000): pass
    print("went on")

cli.group.main = work
cli.main()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "heatlas: stopped; nothing was written\n")


@pytest.mark.parametrize("everyone", [False, True])
def test_an_interrupt_leaves_nothing_half_written(tmp_path, everyone):
    folder = tmp_path / "many"
    folder.mkdir()
    lon, lat = made.straight(20000)
    (folder / "0.gpx").write_bytes(made.gpx(lon, lat))
    for k in range(1, 1000):
        (folder / f"{k}.gpx").hardlink_to(folder / "0.gpx")
    code = "import sys, heatlas.cli; print('ready', flush=True); heatlas.cli.main()"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "render", str(folder), "-o", str(tmp_path / "heat.png")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    time.sleep(1)
    if everyone:  # as from a terminal: helpers are told as well
        os.killpg(running.pid, signal.SIGINT)
    else:
        running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    if running.returncode == 0:
        pytest.fail("the job was over before it was interrupted: make it larger")
    assert running.returncode == 130
    assert "stopped" in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["many"]
    with pytest.raises(ProcessLookupError):  # nobody is left
        os.killpg(running.pid, 0)


def test_the_demo_is_drawn(tmp_path):
    assert heatlas("demo", "made-up", "--activities", 30, cwd=tmp_path).returncode == 0
    again = heatlas("demo", "made-up", cwd=tmp_path)
    assert again.returncode == 2
    assert "Traceback" not in again.stderr
    done = heatlas("render", "made-up", "-o", "heat.png", "--legend", "--width", 500, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "1 activity found twice" in done.stderr
    assert "cut off in the middle" in done.stderr


def test_the_list_of_commands_says_what_their_help_says():
    """It is written down beside them, so that listing them imports none."""
    from heatlas.cli import _Lazy, group

    context = click.Context(group)
    for name, (_, words) in _Lazy.commands_in.items():
        assert words == group.get_command(context, name).get_short_help_str(400)


def test_without_a_source_commands_take_the_library_of_the_folder(tmp_path, monkeypatch):
    from heatlas.cli.options import sources_or_library

    monkeypatch.chdir(tmp_path)
    assert sources_or_library(("a.zip",)) == ("a.zip",)
    (tmp_path / "heatlas.db").touch()
    assert sources_or_library(()) == ("heatlas.db",)
