"""The recipe for Spark of the docs, run by a context that does with functions and rows what Spark does."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from partitions import trips_of, write_partitions
from test_scale import SMALL, names_in, recipe_of, tiles_in

import heatlas
from heatlas.core.context import Context
from heatlas.core.errors import SourceFailed
from heatlas.scale.archive import build
from heatlas.scale.engine import Here

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "cluster.md"


class Rows:
    """What `SparkContext.parallelize` returns: functions and rows are sent to other processes, results come back."""

    def __init__(self, rows, parts):
        self.parts = [rows[k::parts] for k in range(parts)]

    def mapPartitions(self, function):  # noqa: N802 - as Spark calls it
        self.function = function
        return self

    def toLocalIterator(self):  # noqa: N802
        for part in self.parts:
            function, rows = pickle.loads(pickle.dumps((self.function, part)))
            yield from pickle.loads(pickle.dumps(list(function(iter(rows)))))


class FakeSpark:
    """A SparkContext of this process."""

    def parallelize(self, rows, parts):
        return Rows(rows, parts)


@pytest.fixture(scope="module")
def page():
    """Names that the Python of the page defines."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(code, names)
    return names


def test_the_recipe_for_spark_makes_the_same_tiles(page, tmp_path, monkeypatch):
    source = write_partitions(tmp_path / "in", trips_of(persons=4, trips=2, fixes=50), 3)
    monkeypatch.chdir(tmp_path)  # workers stand elsewhere, so tasks have whole paths
    said = page["render"](FakeSpark(), ["in"], "a.pmtiles", "work", zoom="8-9", public=True, at_least=2)
    heatlas.render(source, output="b.pmtiles", zoom="8-9", track="trip", public=True, at_least=2)
    assert tiles_in(tmp_path / "a.pmtiles") == tiles_in(tmp_path / "b.pmtiles")
    assert said["persons"] == 4
    (tmp_path / "in" / "part-000.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceFailed, match=r"part-000\.parquet"):
        page["render"](FakeSpark(), ["in"], "a.pmtiles", "work", zoom="8-9")


class Elsewhere:
    """An engine whose workers see no disk of this machine."""

    def map(self, work, tasks, done):
        hidden = [Path(task.output).parent for task in tasks]
        for folder in set(hidden):
            folder.rename(folder.with_name("moved"))
        try:
            Here().map(work, tasks, done)
        finally:
            for folder in set(hidden):
                folder.with_name("moved").rename(folder)


def test_a_worker_that_does_not_see_the_working_folder_says_so(tmp_path):
    source = write_partitions(tmp_path / "in", trips_of(persons=2, trips=1, fixes=30), 1)
    said = r"failed: the worker on \S+ does not see /.*/work/trace: the working folder must have one name"
    with pytest.raises(SourceFailed, match=said):
        build(
            [source], str(tmp_path / "a.pmtiles"), recipe_of(zooms=(8, 9)), Elsewhere(), Context(1),
            work=str(tmp_path / "work"), sizes=SMALL,
        )  # fmt: skip
    assert names_in(tmp_path / "work" / "trace") == []
