"""The plan: the order of the phases, the tasks of each, and the names of their objects.

Each task is a pure function of its inputs and of options, and writes one object (`heatlas.scale.manifest`). What is
shuffled elsewhere is read here by ranges of tiles: rows are sorted when they are written.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import NothingToDraw
from heatlas.core.filesystems import failing, locate
from heatlas.core.frozen import frozen
from heatlas.scale.drawn import write_index
from heatlas.scale.fit import FitTask, fit
from heatlas.scale.manifest import Folder, Named
from heatlas.scale.merge import CompactTask, MergeTask, compact, merge
from heatlas.scale.paint import PaintTask, paint
from heatlas.scale.ranges import cut_by_work
from heatlas.scale.recipe import digest_of
from heatlas.scale.trace import TraceTask, trace
from heatlas.sources.contract.partitions import refuse_shared_persons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.context import Context
    from heatlas.scale.engine import Engine
    from heatlas.scale.recipe import Recipe
    from heatlas.sources.contract.partitions import Partition

__all__ = ["Drawn", "Sizes", "draw", "why_nothing"]


@frozen
class Sizes:
    """Sizes of tasks."""

    neighbours: int = 64
    """Partials that are made one, where there are more."""
    ranges: int | None = None
    """Ranges of tiles that are merged; None: such that a task reads some 64 MB."""
    tiles: int = 4096
    """Tiles that a task draws, about."""


@frozen
class Drawn:
    """What a plan has made, before it is put together."""

    pieces: list[str]
    """Pieces of the archive, in the order of their tiles."""
    legend: dict[int, dict[str, Any]]
    """Zoom -> its scale (`heatlas.tiles.scales.tone_data`)."""
    index: str
    """Object that says where merged tiles lie."""
    fixes: int
    activities: int
    persons: int
    dropped: Counter[str]
    seconds: dict[str, float]


def draw(
    partitions: Sequence[Partition],
    recipe: Recipe,
    folder: Folder,
    engine: Engine,
    context: Context,
    sizes: Sizes = Sizes(),
) -> Drawn:
    """Count partitions, and draw all tiles into pieces of an archive.

    A plan that was stopped, by whatever means, is continued by the next call: objects that are there are done.

    Parameters
    ----------
    partitions : sequence of Partition
        Where fixes lie; each person in one of them.
    recipe : Recipe
        What is made.
    folder : Folder
        For objects.
    engine : Engine
        Does the tasks.
    context : Context
        Is told of progress, and says how many connections there may be.
    sizes : Sizes
        Sizes of tasks; tiles are the same for any.

    Raises
    ------
    SourceFailed
        When a person lies in several partitions, before any work; or when a task fails again and again.
    NothingToDraw
        When nothing is left to show.
    """
    refuse_shared_persons(partitions, context.threads)
    run = _Run(recipe, folder, engine, context, sizes, {})
    partials, found = run.trace(partitions)
    total = _summed(found)
    shown = replace(total, activities=total.activities if not recipe.least else 0)
    merged = run.merge(run.compact(partials))
    if not merged:
        raise NothingToDraw(why_nothing(total, recipe, "no track is known to have what the measure needs"))
    index = run.index(merged)
    pieces, legend = run.paint(index, run.fit(index, shown.activities))
    return replace(total, pieces=pieces, legend=legend, index=index, seconds=run.seconds)


def _summed(found: Sequence[dict[str, Any]]) -> Drawn:
    """Add up what was traced."""
    dropped: Counter[str] = Counter()
    for one in found:
        dropped.update(one["dropped"])
    fixes, activities, persons = (sum(one[name] for one in found) for name in ("fixes", "activities", "persons"))
    return Drawn([], {}, "", fixes, activities, persons, dropped, {})


def why_nothing(total: Drawn, recipe: Recipe, invisible: str) -> str:
    """Say why nothing is drawn; `invisible` where tracks are left, and no threshold hides them."""
    if total.activities and recipe.least:
        return f"no pixel was passed by {recipe.least} persons: ask for fewer by --at-least, or for coarser zooms"
    if total.activities:
        return invisible
    left = ", ".join(f"{count:,} {what}" for what, count in total.dropped.items())
    return f"nothing is left of what was given: {left}" if left else "there is no track in what was given"


@dataclass(slots=True)
class _Run:
    """Phases of one plan."""

    recipe: Recipe
    folder: Folder
    engine: Engine
    context: Context
    sizes: Sizes
    seconds: dict[str, float]

    def _do(self, phase: str, stage: str, tasks: Sequence[Named], work: Any) -> list[dict[str, Any]]:
        started = time.perf_counter()
        made = self.folder.run(phase, tasks, work, self.engine, self.context.counting(stage))
        self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - started
        return made

    def trace(self, partitions: Sequence[Partition]) -> tuple[list[str], list[dict[str, Any]]]:
        """Trace all partitions; returns the partials and what was found."""
        tasks = []
        for one in sorted(partitions, key=lambda one: one.uri):
            name = digest_of("trace", one.uri, one.size, _changed(one), self.recipe.tracing)
            tasks.append(Named(name, TraceTask(one.uri, self.recipe, self.folder.uri("trace", name))))
        found = self._do("trace", "tracing", tasks, trace)
        return [named.task.output for named, one in zip(tasks, found, strict=True) if one["rows"]], found

    def compact(self, partials: list[str]) -> list[str]:
        """Add up neighbours as long as there are many: ranges of many objects would be many small reads."""
        while len(partials) > self.sizes.neighbours:
            tasks = []
            for at in range(0, len(partials), self.sizes.neighbours):
                some = tuple(partials[at : at + self.sizes.neighbours])
                name = digest_of("compact", *map(_name, some))
                tasks.append(Named(name, CompactTask(some, self.recipe, self.folder.uri("compact", name))))
            self._do("compact", "adding up", tasks, compact)
            partials = [named.task.output for named in tasks]
        return partials

    def merge(self, partials: list[str]) -> list[tuple[int, str]]:
        """Merge ranges of tiles; returns the first number of each that holds any, and its object."""
        tasks = []
        recipe = self.recipe
        ranges = partial(cut_by_work, partials, self.sizes.ranges, self.context.threads)
        for first, end in self.folder.mended(ranges, self.engine):
            name = digest_of("merge", *map(_name, partials), first, end, recipe.least, recipe.grain)
            tasks.append(Named(name, MergeTask(tuple(partials), first, end, recipe, self.folder.uri("merge", name))))
        made = self._do("merge", "merging", tasks, merge)
        return [(named.task.first, named.task.output) for named, one in zip(tasks, made, strict=True) if one["rows"]]

    def index(self, merged: Sequence[tuple[int, str]]) -> str:
        """Write where merged tiles lie."""
        name = digest_of("index", *(_name(uri) for _, uri in merged))
        uri = self.folder.uri("index", name)
        write_index(locate(uri), merged, self.recipe.least)
        self.folder.results[f"index/{name}"] = {}
        return uri

    def fit(self, index: str, activities: int) -> list[tuple[FitTask, dict[str, Any]]]:
        """Fit the tones of all zooms, and find their tiles."""
        tasks, recipe = [], self.recipe
        first, last = recipe.zooms
        for zoom in range(last, first - 1, -1):  # the finest takes longest
            name = digest_of("fit", _name(index), zoom, recipe.showing, activities, self.sizes.tiles)
            output = self.folder.uri("fit", name)
            tasks.append(Named(name, FitTask(index, zoom, recipe, activities, self.sizes.tiles, output)))
        made = self._do("fit", "fitting", tasks, fit)
        return [(named.task, one) for named, one in zip(reversed(tasks), reversed(made), strict=True)]

    def paint(
        self, index: str, fitted: Sequence[tuple[FitTask, dict[str, Any]]]
    ) -> tuple[list[str], dict[int, dict[str, Any]]]:
        """Draw all ranges of all zooms; returns the pieces and the scales."""
        tasks = []
        for one, made in fitted:
            for place in range(len(made["ranges"])):
                name = digest_of("paint", _name(one.output), place)
                output = self.folder.uri("paint", name)
                tasks.append(Named(name, PaintTask(index, one.output, one.zoom, place, self.recipe, output)))
        self._do("paint", "drawing tiles", tasks, paint)
        return [named.task.output for named in tasks], {one.zoom: made["legend"] for one, made in fitted}


def _name(uri: str) -> str:
    """Name of an object: a working folder may be moved."""
    return uri.rpartition("/")[2]


def _changed(partition: Partition) -> int:
    """Time at which a partition was changed, nanoseconds since 1970."""
    with failing(partition.uri):
        location = partition.location
        return int(location.filesystem.get_file_info(location.path).mtime_ns or 0)
