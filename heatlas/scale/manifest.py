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
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import HeatlasError
from heatlas.core.filesystems import failing
from heatlas.scale.drawn import read_json, read_piece
from heatlas.scale.rows import read_summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.filesystems import Location
    from heatlas.scale.engine import Engine, Work

__all__ = ["PHASES", "Folder", "Named"]

PHASES = ("trace", "compact", "merge", "index", "fit", "paint")
"""Folders of the objects."""
_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
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

        try:
            engine.map(work, [tasks[place].task for place in todo], done)
        finally:
            for place, result in results.items():
                self.results[f"{phase}/{tasks[place].name}"] = result
            self.write()
        return [results[place] for place in range(len(tasks))]

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
            with failing(self.location.uri, "removed"):
                self.location.filesystem.delete_dir(self.location.path)
