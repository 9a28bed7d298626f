"""Objects of a plan in its working folder: what is done, and what belongs to the plan.

An object is named by a digest of its inputs, of the options that decide what is in it, and of the version of heatlas.
It is written whole or not at all. So an object that is there is done, whoever wrote it, and one of other options is
another object. The manifest lists the objects of the latest plan with what their tasks found; it is written anew after
each phase. Without it, or behind it, results are read from the objects themselves.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from heatlas.core.errors import HeatlasError, SourceFailed
from heatlas.core.filesystems import failing
from heatlas.core.frozen import frozen
from heatlas.scale.drawn import read_json, read_piece
from heatlas.scale.engine import DAMAGED
from heatlas.scale.rows import read_summary
from heatlas.scale.sealed import DamagedObject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from heatlas.core.filesystems import Location
    from heatlas.scale.engine import Done, Engine, Work

T = TypeVar("T")

__all__ = ["PHASES", "Folder", "Named"]

PHASES = ("trace", "compact", "merge", "index", "fit", "paint")
"""Folders of the objects."""
_NAME = "manifest.json"
_ROUNDS = 3
"""Times that damaged inputs are made again before a task."""


@frozen
class Named:
    """A task, and the name of its object."""

    name: str
    task: Any


@dataclass(slots=True)
class Folder:
    """The working folder of a plan."""

    location: Location
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Phase/name -> result, of objects of this plan that are done."""
    reused: int = 0
    """Number of objects that were there before."""
    damaged: int = 0
    """Number of objects that were damaged or gone when they were read, and were made again."""
    _makers: dict[str, tuple[Named, Work]] = field(default_factory=dict)
    """Phase/name -> task that makes the object, and its function; of the phases so far."""

    def uri(self, phase: str, name: str) -> str:
        """Address of an object."""
        return self.location.child(phase).child(name).uri

    def known(self) -> dict[str, dict[str, Any]]:
        """Results that the latest manifest lists; empty if there is none that can be read."""
        manifest = self.location.child(_NAME)
        with suppress(HeatlasError, ValueError, KeyError, TypeError):
            if manifest.kind() == "file":
                return dict(json.loads(manifest.read())["objects"])
        return {}

    def run(self, phase: str, tasks: Sequence[Named], work: Work, engine: Engine, told: Any) -> list[dict[str, Any]]:
        """Do the tasks of a phase whose objects are not there; returns the results of all, in their order.

        Parameters
        ----------
        phase : str
            One of PHASES.
        tasks : sequence of Named
            Tasks, of which each writes the object of its name.
        work : callable
            As for `heatlas.scale.engine.Engine.map`.
        engine : Engine
            Does them.
        told : callable
            Is called with the number of tasks that are done, and of all.
        """
        present, known = self._present(phase), self.known()
        results: dict[int, dict[str, Any]] = {}
        for place, one in enumerate(tasks):
            if one.name in present:
                key = f"{phase}/{one.name}"
                with suppress(HeatlasError, ValueError, KeyError):  # what cannot be read is made anew
                    results[place] = known[key] if key in known else self._read(phase, one.name)
        self.reused += len(results)
        todo = [place for place in range(len(tasks)) if place not in results]
        told(len(results), len(tasks))

        def done(k: int, result: dict[str, Any]) -> None:
            results[todo[k]] = result
            told(len(results), len(tasks))

        self._makers |= {f"{phase}/{one.name}": (one, work) for one in tasks}
        self.location.child(phase).make()
        try:
            self._make([(tasks[place], work) for place in todo], engine, done)
        finally:
            for place, result in results.items():
                self.results[f"{phase}/{tasks[place].name}"] = result
            self.write()
        return [results[place] for place in range(len(tasks))]

    def mended(self, read: Callable[[], T], engine: Engine) -> T:
        """Read objects; those that are damaged are made again first.

        Raises
        ------
        HeatlasError
            When one is damaged again and again, or cannot be made.
        """
        for _ in range(_ROUNDS):
            try:
                return read()
            except DamagedObject as error:
                self._make_again([error.uri], engine)
        return read()

    def _make(self, wanted: Sequence[tuple[Named, Work]], engine: Engine, done: Done) -> None:
        """Do tasks; where inputs are damaged, these are made again first, and theirs before them."""
        left = list(range(len(wanted)))
        for _ in range(_ROUNDS):
            damaged: dict[int, str] = {}

            for work in dict.fromkeys(wanted[k][1] for k in left):
                some = [k for k in left if wanted[k][1] is work]

                def note(k: int, result: dict[str, Any], some: list[int] = some) -> None:
                    if DAMAGED in result:
                        damaged[some[k]] = result[DAMAGED]  # noqa: B023 - called in this round alone
                    else:
                        done(some[k], result)

                engine.map(work, [wanted[k][0].task for k in some], note)
            if not damaged:
                return
            left = sorted(damaged)
            self._make_again(damaged.values(), engine)
        raise SourceFailed(f"{damaged[left[0]]} is damaged again and again: look after the disk or the store it is on")

    def _make_again(self, uris: Iterable[str], engine: Engine) -> None:
        wanted = []
        for uri in sorted(set(uris)):
            phase, name = uri.rsplit("/", 2)[1:]
            self.location.child(phase).make()
            maker = self._makers.get(f"{phase}/{name.removesuffix('.tiles')}")
            if maker is None:
                raise DamagedObject(uri)
            wanted.append(maker)
        self.damaged += len(wanted)
        self._make(wanted, engine, lambda k, result: None)

    def write(self) -> None:
        """Write the manifest, with the objects of the phases that are not reached yet as they were listed."""
        begun = {key.partition("/")[0] for key in self.results}
        later = {key: one for key, one in self.known().items() if key.partition("/")[0] not in begun}
        said = {"objects": {**later, **self.results}}
        self.location.child(_NAME).write(json.dumps(said).encode())

    def _present(self, phase: str) -> set[str]:
        folder = self.location.child(phase)
        return {file.name for file in folder.files()} if folder.kind() == "folder" else set()

    def _read(self, phase: str, name: str) -> dict[str, Any]:
        """Result of a task, from its object."""
        location = self.location.child(phase).child(name)
        if phase == "fit":
            return read_json(location)
        if phase == "paint":
            piece = read_piece(location)
            return {"tiles": len(piece.numbers), "bytes": piece.size}
        return read_summary(location)

    def prune(self) -> None:
        """Remove objects that do not belong to this plan, also those that killed processes left half-written."""
        from pyarrow.fs import FileSelector, FileType

        keep = {f"{self.location.path}/{key}" for key in self.results}
        keep |= {f"{path}.tiles" for path in keep if "/fit/" in path}
        for phase in PHASES:
            folder = self.location.child(phase)
            if folder.kind() != "folder":
                continue
            with failing(folder.uri, "cleared"):
                for info in folder.filesystem.get_file_info(FileSelector(folder.path)):
                    if info.type == FileType.File and info.path not in keep:
                        folder.filesystem.delete_file(info.path)

    def remove(self) -> None:
        """Remove the folder and all that is in it."""
        if self.location.kind() == "folder":
            # Google's store has no folders: pyarrow removes the objects, and then misses the folder.
            with failing(self.location.uri, "removed"), suppress(FileNotFoundError):
                self.location.filesystem.delete_dir(self.location.path)
