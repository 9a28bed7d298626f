"""Folders that are followed: files are taken when they are whole, once, whatever happens meanwhile."""

from __future__ import annotations

import gzip
import io
import itertools
import logging
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from made import export, gpx, straight

from heatlas.cli import group
from heatlas.core.context import NOBODY
from heatlas.core.errors import BadOption, SourceFailed
from heatlas.demo.fit import fit_bytes
from heatlas.demo.motion import Fixes
from heatlas.library.file.opening import open_library
from heatlas.library.manage import import_into
from heatlas.options import ImportOptions, ReadingOptions
from heatlas.watching import Alarm, Part, following, keep_going
from heatlas.watching.hints import Hints
from heatlas.watching.intake import Intake
from heatlas.watching.rounds import begin, until_well
from heatlas.watching.whole import Waiting, is_unfinished_name, unfinished


def run_at(k, **columns):
    """A run of its own place and time."""
    return gpx(*straight(400, lat=47.8 + k / 500), start=1.7e9 + 9000 * k, **columns)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("heatlas.watching.whole.REST", 0.05)
    monkeypatch.setattr("heatlas.watching.whole.LONG", 3.0)
    monkeypatch.setattr("heatlas.watching.gone._PATIENCE", 0.2)


class Followed:
    """A folder and the library that it is taken into, looked at by hand."""

    def __init__(self, folder, hints=None):
        self.folder, self.path = folder / "in", folder / "lib.db"
        self.folder.mkdir(exist_ok=True)
        self.reports = []
        self.intake = Intake(self.path, self.folder, hints, (None, ReadingOptions()), self.reports.append, NOBODY)

    def look(self, seconds=0.25):
        """Look again and again, for so long and at least four times: also where the machine is busy."""
        until, looks = time.monotonic() + seconds, 0
        while looks < 4 or time.monotonic() < until:
            self.intake._next_look = self.intake._calm = 0.0
            self.intake.work()
            looks += 1
            time.sleep(0.03)

    def held(self, what="count(*)", where="same_as IS NULL"):
        with open_library(self.path) as library, library.read() as connection:
            return [row[0] for row in connection.execute(f"SELECT {what} FROM activities WHERE {where} ORDER BY 1")]

    @property
    def shown(self):
        return self.held()[0]


@pytest.fixture
def followed(tmp_path, quick):
    return Followed(tmp_path)


def fit(k=0):
    names, n = Fixes.__dataclass_fields__, 200
    lon, lat = straight(600, lat=47.8 + k / 500)
    values = {name: np.zeros(n) for name in names}
    values |= {"pauses": np.zeros(0, np.int64), "laps": np.zeros(0, np.int64)}
    values |= {"lon": lon[:n], "lat": lat[:n], "time": 1_700_000_000 + np.arange(n) + 9000.0 * k}
    return fit_bytes(Fixes(**values), "Run", 1)


def packed(make, data):
    file = io.BytesIO()
    make(file, data)
    return file.getvalue()


def zipped(file, data):
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.gpx", data)


def tarred(file, data):
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("a.gpx")
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))


FORMS = {
    "a.gpx": run_at(0),
    "b.gpx": run_at(0).decode().encode("utf-16"),
    "c.gpx": run_at(0) + b"\n<!-- made by hand -->\n",
    "a.tcx": b'<?xml version="1.0"?><TrainingCenterDatabase><Activities></Activities></TrainingCenterDatabase>',
    "a.zip": packed(zipped, run_at(0)),
    "a.tar": packed(tarred, run_at(0)),
    "a.gpx.gz": gzip.compress(run_at(0)),
    "a.json": b'{"type": "FeatureCollection", "features": [{"a": 1}]}\n',
}


@pytest.mark.parametrize("name", [*FORMS, "a.fit", "two.fit"])
def test_a_file_is_whole_when_its_end_is_there(tmp_path, name):
    data = {"a.fit": fit, "two.fit": lambda: fit() + fit(1)}.get(name, lambda: FORMS[name])()
    path = tmp_path / name
    path.write_bytes(data)
    assert unfinished(path) == ""
    for part in (0.3, 0.7, 0.9 if name != "a.tar" else 0.5):  # a tar ends with many empty blocks
        path.write_bytes(data[: int(part * len(data))])
        assert unfinished(path), part


def test_damage_is_told_from_a_missing_end(tmp_path):
    data = bytearray(fit())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.fit").write_bytes(data)
    assert unfinished(tmp_path / "a.fit") == "its checksum does not fit"
    (tmp_path / "b.fit").write_bytes(fit()[:-100])
    assert unfinished(tmp_path / "b.fit") == "100 bytes are missing"
    (tmp_path / "c.gpx").write_bytes(run_at(0)[:-20])
    assert unfinished(tmp_path / "c.gpx") == "its end </gpx> is missing"
    (tmp_path / "d.csv").write_text("a,b\n1,2\n")  # has no end
    assert unfinished(tmp_path / "d.csv") == ""


def test_names_of_unfinished_copies():
    for name in ("a.fit.k3j4.partial", "~syncthing~a.fit.tmp", "b.crdownload", "c.part", "~$d.gpx"):
        assert is_unfinished_name(name), name
    for name in ("a.fit", "part.gpx", "tmp.fit.gz", "a.partial.fit"):
        assert not is_unfinished_name(name), name


def test_what_is_known_is_not_taken_again(followed):
    for k in range(3):
        (followed.folder / f"{k}.gpx").write_bytes(run_at(k))
    followed.look()
    assert followed.shown == 3
    assert [report["files"]["read"] for report in followed.reports] == [3]
    followed.look()
    again = Followed(followed.path.parent)  # as after a kill: nothing is remembered but the library
    again.look()
    assert len(followed.reports) == 1
    assert again.reports == []
    assert import_into(followed.path, followed.folder)["dropped"] == {"files that were read before": 3}


def test_a_file_that_is_written_slowly_is_taken_once_and_whole(followed):
    data, path = run_at(0), followed.folder / "slow.gpx"

    def write():
        with path.open("wb", buffering=0) as file:
            for k in range(0, len(data), len(data) // 8 + 1):
                file.write(data[k : k + len(data) // 8 + 1])
                time.sleep(0.1)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        followed.intake._next_look = 0.0
        followed.intake.work()
        time.sleep(0.03)
    writer.join()
    followed.look()
    assert followed.held("fixes") == [len(straight(400)[0])]
    assert [(report["files"]["read"], report["files"]["warnings"]) for report in followed.reports] == [(1, [])]


def test_what_has_no_end_is_taken_after_a_longer_rest_and_replaced_when_it_grows(followed):
    data, path = run_at(0), followed.folder / "cut.gpx"
    path.write_bytes(data[: len(data) // 2])
    followed.look(0.2)
    assert followed.reports == []
    until = time.monotonic() + 30
    while not followed.reports and time.monotonic() < until:
        followed.look(0.2)
    (half,) = followed.held("fixes")
    (warning,) = [item for item in followed.reports[0]["files"]["warnings"] if "taken as it is" in item["reason"]]
    assert warning["file"].endswith("cut.gpx")
    assert "its end </gpx> is missing" in warning["reason"]
    path.write_bytes(data)
    followed.look()
    assert followed.held("fixes") == [len(straight(400)[0])] > [half]


def test_copies_under_way_and_clutter_are_left(followed):
    for name in (".syncthing.a.gpx.tmp", "a.gpx.x1y2z3a4.partial", "~syncthing~b.gpx.tmp", "c.part"):
        (followed.folder / name).write_bytes(run_at(0))
    hidden = followed.folder / ".stversions"
    hidden.mkdir()
    (hidden / "old.gpx").write_bytes(run_at(1))
    followed.look()
    assert followed.shown == 0
    (followed.folder / "a.gpx.x1y2z3a4.partial").rename(followed.folder / "a.gpx")
    followed.look()
    assert followed.shown == 1


def test_a_renamed_file_keeps_its_place_and_a_deleted_one_what_it_brought(followed, caplog):
    for k in range(3):
        (followed.folder / f"{k}.gpx").write_bytes(run_at(k))
    followed.look()
    (followed.folder / "0.gpx").rename(followed.folder / "morning.gpx")
    (followed.folder / "sub").mkdir()
    (followed.folder / "1.gpx").rename(followed.folder / "sub" / "1.gpx")
    (followed.folder / "2.gpx").unlink()
    with caplog.at_level(logging.WARNING):
        followed.look(0.6)
    assert followed.held(where="TRUE") == [3]  # no copies either
    assert [source.rpartition("/in/")[2] for source in followed.held("source")] == ["2.gpx", "morning.gpx", "sub/1.gpx"]
    said = [record.message for record in caplog.records]
    assert said == [
        (
            f"heatlas: 1 imported file is gone from {followed.folder}: what was taken stays "
            "(heatlas library remove takes it out)"
        )
    ]


def test_a_changed_file_takes_the_place_of_what_it_was(followed):
    path = followed.folder / "a.gpx"
    path.write_bytes(run_at(0))
    followed.look()
    path.write_bytes(run_at(0, kind="cycling"))
    os.utime(path, ns=(1, time.time_ns()))
    followed.look()
    assert followed.held("sport", "TRUE") == ["Ride"]


def test_an_export_is_joined_with_its_table_that_comes_later(followed):
    made = export(followed.path.parent / "made")
    shutil.copytree(made / "activities", followed.folder / "activities")
    followed.look(0.7)
    assert "Morning Run" not in followed.held("name")
    shutil.copy(made / "activities.csv", followed.folder)
    followed.look(0.5)
    assert "Morning Run" in followed.held("name")
    assert followed.shown == 4


def test_archives_are_taken_once(followed):
    (followed.folder / "all.zip").write_bytes(packed(zipped, run_at(0)))
    (followed.folder / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(2000))
    followed.look()
    assert followed.shown == 1
    assert len(followed.reports) == 1


def test_a_library_that_another_process_keeps_locked_loses_nothing(followed, monkeypatch):
    monkeypatch.setattr("heatlas.library.file.connecting.PATIENCE", 0.05)
    monkeypatch.setattr("heatlas.library.file.opening.PATIENCE", 0.05)
    (followed.folder / "0.gpx").write_bytes(run_at(0))
    followed.look()
    (followed.folder / "1.gpx").write_bytes(run_at(1))
    with open_library(followed.path) as other, other.write():
        time.sleep(0.1)
        with pytest.raises(SourceFailed, match="another process is writing"):
            followed.look(1.0)
    followed.look()
    assert followed.shown == 2


def test_waiting_is_bounded(tmp_path, quick, monkeypatch):
    monkeypatch.setattr("heatlas.watching.whole._MOST", 5)
    followed = Followed(tmp_path)
    for k in range(12):
        (followed.folder / f"{k}.gpx").write_bytes(run_at(k))
    followed.intake.work()
    assert len(followed.intake._waiting._seen) == 5
    until = time.monotonic() + 20
    while followed.shown < 12:
        assert time.monotonic() < until
        time.sleep(min(followed.intake.work(), 0.2))


def test_time_that_imports_take_does_not_put_off_the_next_look(followed, monkeypatch):
    from heatlas.watching import intake

    real = intake.import_entries

    def slowly(*given, **named):
        time.sleep(0.5)
        return real(*given, **named)

    monkeypatch.setattr(intake, "import_entries", slowly)
    (followed.folder / "a.gpx").write_bytes(run_at(0))
    followed.look()
    assert followed.shown == 1
    assert followed.intake._next_look - time.monotonic() < 6


def test_bursts_are_looked_at_together(followed, monkeypatch):
    class Loud:
        deaf = ""

        def take(self):
            return True, set()

    followed.intake._hints = Loud()
    followed.intake.work()
    looks, now = [], time.monotonic()
    monkeypatch.setattr("heatlas.watching.intake.time", SimpleNamespace(monotonic=lambda: now))
    followed.intake._look = lambda library: looks.append(1)
    followed.intake._calm = now + 0.5
    for _ in range(4):
        assert followed.intake.work() <= 0.6
        now += 0.1
    assert looks == []
    now += 0.2
    followed.intake.work()
    assert looks == [1]


def test_old_files_are_taken_at_once(tmp_path):
    path = tmp_path / "a.gpx"
    path.write_bytes(run_at(0))
    status = path.stat()
    assert Waiting().judge(path, status).wait > 1
    old = os.stat_result((*status[:7], 1_000_000, 1_000_000, 1_000_000))
    assert Waiting().judge(path, old) == (0.0, "")


def test_changes_are_heard_of(tmp_path, quick):
    alarm = Alarm()
    (tmp_path / "in").mkdir()
    hints = Hints([tmp_path / "in"], alarm)
    hints.start()
    assert hints.deaf == ""
    try:
        assert hints.take()[0]
        assert alarm.wait(10)  # ready: all is to be looked at once more
        assert hints.take()[0]
        (tmp_path / "in" / "sub").mkdir()
        (tmp_path / "in" / "sub" / "a.gpx").write_bytes(run_at(0))
        heard = set()
        while not heard & {tmp_path / "in" / "sub", tmp_path / "in" / "sub" / "a.gpx"}:
            assert alarm.wait(10)
            heard |= hints.take()[1]
    finally:
        hints.stop()


def test_many_changes_are_one_look_at_everything(tmp_path, monkeypatch):
    monkeypatch.setattr("heatlas.watching.hints._MOST", 3)
    hints = Hints([tmp_path], Alarm())
    hints.take()
    hints._note({tmp_path / "a"})
    assert hints.take() == (False, {tmp_path / "a"})
    hints._note({tmp_path / str(k) for k in range(4)})
    hints._note({tmp_path / "b"})
    assert hints.take() == (True, set())


@pytest.mark.parametrize("kind", ["nfs4", "fuse.sshfs"])
def test_on_a_network_file_system_it_is_said_that_files_are_looked_for(tmp_path, monkeypatch, caplog, kind):
    monkeypatch.setattr("heatlas.watching.hints.network_of", lambda path: kind)
    with caplog.at_level(logging.WARNING):
        hints = Hints([tmp_path], Alarm())
        hints.start()
    assert hints.deaf
    assert [record.message for record in caplog.records] == [
        (
            f"heatlas: {tmp_path} lies on a network file system ({kind}), where nobody tells what others change: it is "
            "looked through again and again instead"
        )
    ]
    intake = Intake(tmp_path / "lib.db", tmp_path, hints, (None, ReadingOptions()), lambda report: None, NOBODY)
    assert intake.work() <= 6


def test_failures_are_told_of_once_and_tried_again_after_growing_waits(monkeypatch, caplog):
    monkeypatch.setattr("heatlas.watching.rounds.FIRST", 0.02)
    alarm, when, others = Alarm(), [], []

    def work():
        when.append(time.monotonic())
        if len(when) < 6:
            raise SourceFailed("it is down")
        alarm.stop()
        return 1.0

    def other():
        others.append(1)
        return 0.05

    with caplog.at_level(logging.WARNING):
        keep_going([Part("db", work, wakes=True), Part("other", other)], alarm)
    assert [record.message for record in caplog.records] == [
        "heatlas: it is down; tried again after 0.02 s, then less and less often, at least every 10 min",
        "heatlas: db is well again",
    ]
    waits = [after - before for before, after in itertools.pairwise(when)]
    assert all(wait >= 0.02 * 2**k * 0.99 for k, wait in enumerate(waits))
    assert len(others) > 3  # meanwhile


def test_what_a_person_must_mend_is_raised_at_once(tmp_path):
    def wrong():
        raise BadOption("no such column")

    with pytest.raises(BadOption):
        begin([Part("db", wrong)])
    tries = []

    def later():
        tries.append(1)
        if len(tries) < 2:
            raise SourceFailed("down")
        return 7

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("heatlas.watching.rounds.FIRST", 0.01)
        assert until_well("db", later) == 7


@pytest.mark.parametrize(
    ("sources", "when", "words"),
    [
        (["-"], {"watch": True, "every": None}, "stdin comes once"),
        (["mysql://me@here/base"], {"watch": True, "every": None}, "such as --every 10min|as by --every 10min"),
        (["."], {"watch": False, "every": "soon"}, "--every 'soon' is no time"),
        (["."], {"watch": False, "every": "0.1s"}, "too often"),
        (["nowhere"], {"watch": True, "every": None}, "there is no file or folder nowhere"),
    ],
)
def test_what_cannot_be_followed_is_refused(tmp_path, monkeypatch, sources, when, words):
    monkeypatch.chdir(tmp_path)
    with (
        pytest.raises(BadOption, match=words),
        following(tmp_path / "lib.db", sources, ImportOptions(), tell=print, alarm=Alarm(), **when),
    ):
        pass
    assert not (tmp_path / "lib.db").exists()


def started(*words, cwd):
    asked = [sys.executable, "-m", "heatlas", *words]
    return subprocess.Popen(asked, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def count_in(path):
    if not path.exists():
        return 0
    try:
        with open_library(path) as library, library.read() as connection:
            return connection.execute("SELECT count(*) FROM activities WHERE same_as IS NULL").fetchone()[0]
    except SourceFailed:
        return 0


def until(what, seconds=90):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_follows_a_folder_until_a_signal(tmp_path, number):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "0.gpx").write_bytes(run_at(0))
    run = started("import", "in", "--watch", cwd=tmp_path)
    try:
        until(lambda: count_in(tmp_path / "heatlas.db") == 1)
        (tmp_path / "in" / "1.gpx").write_bytes(run_at(1))
        until(lambda: count_in(tmp_path / "heatlas.db") == 2)
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    finally:
        run.kill()
    assert run.returncode == 0
    assert out.splitlines()[-1] == "heatlas.db holds 2 activities"
    assert err.splitlines()[-1].startswith("heatlas: stopped; heatlas.db keeps what was brought in")
    assert "Traceback" not in err


def test_what_a_stop_kept_from_being_told_is_counted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for k in range(2):
        (tmp_path / f"{k}.gpx").write_bytes(run_at(k))

    def follow(library, sources, asked, *, tell, **rest):
        tell(import_into(library, "0.gpx"))
        import_into(library, "1.gpx")
        raise KeyboardInterrupt

    monkeypatch.setattr("heatlas.watching.follow", follow)
    done = CliRunner().invoke(group, ["import", ".", "--watch"], catch_exceptions=False)
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if "holds" in line] == [
        "heatlas.db holds 1 activity", "heatlas.db holds 2 activities"
    ]  # fmt: skip
    assert CliRunner().invoke(group, ["import", ".", "--watch", "-q"], catch_exceptions=False).stdout == ""


def test_killed_in_bursts_nothing_is_lost_and_nothing_twice(tmp_path):
    """Files come in bursts, some slowly, some are renamed, and the process is killed again and again."""
    folder = tmp_path / "in"
    folder.mkdir()
    for burst in range(3):
        run = started("import", "in", "--watch", "-q", cwd=tmp_path)
        for k in range(burst * 20, burst * 20 + 20):
            data = run_at(k)
            if k % 2:
                (folder / f"{k}.gpx").write_bytes(data)
            else:
                with (folder / f"{k}.gpx").open("wb", buffering=0) as file:
                    file.write(data[: len(data) // 2])
                    time.sleep(0.05)
                    file.write(data[len(data) // 2 :])
            if k % 5 == 0:
                (folder / f"{k}.gpx").rename(folder / f"renamed {k}.gpx")
        until(lambda more=20 * burst: count_in(tmp_path / "heatlas.db") > more)
        run.send_signal(signal.SIGKILL)
        run.communicate()
    run = started("import", "in", "--watch", "-q", cwd=tmp_path)
    try:
        until(lambda: count_in(tmp_path / "heatlas.db") == 60)
        time.sleep(1)
        with open_library(tmp_path / "heatlas.db") as library, library.read() as connection:
            assert connection.execute("SELECT count(*), count(DISTINCT name) FROM files").fetchone() == (60, 60)
            assert connection.execute("SELECT count(*) FROM activities").fetchone() == (60,)
    finally:
        run.send_signal(signal.SIGINT)
        assert run.communicate(timeout=30)[1].count("Traceback") == 0
