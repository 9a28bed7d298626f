"""Partitions put in their place, on a disk or in a bucket, and the report beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption, SourceFailed
from heatlas.core.filesystems import locate
from heatlas.core.paths import rename

if TYPE_CHECKING:
    from heatlas.core.filesystems import Location
    from heatlas.preparing.folder import WorkingFolder

__all__ = ["ENDING", "Output"]

ENDING = ".parquet"
_REPORT = "_prepared.json"
"""Name of the report; files whose names begin with an underscore are no partitions."""


class Output:
    """Folder of partitions."""

    def __init__(self, output: str | Path) -> None:
        self.location: Location = locate(output)
        if self.location.is_pattern or self.location.name.endswith(ENDING):
            raise BadOption(f"-o {output} must name a folder, in which files are written: leave out {ENDING}")

    def check(self, digest: str) -> dict[str, Any] | None:
        """Look at what is there.

        Returns
        -------
        dict or None
            Report of the same order, if it is done.

        Raises
        ------
        BadOption
            When partitions of another order lie there.
        """
        kind = self.location.kind()
        if kind == "file":
            raise BadOption(f"{self.location.uri} is a file: name a folder for the partitions")
        if kind == "":
            self.location.refuse_missing()
            return None
        known = self._report()
        if known is not None and known.get("digest") == digest and known.get("done"):
            return known
        others = self.location.files(ENDING)
        if others and (known is None or known.get("digest") != digest):
            raise BadOption(
                f"{self.location.uri} holds {others[0].name} and {len(others) - 1:,} more files that are not of this "
                "order: empty the folder, or name another"
            )
        return None

    def _report(self) -> dict[str, Any] | None:
        place = self.location.child(_REPORT)
        if place.kind() != "file":
            return None
        try:
            found: dict[str, Any] = json.loads(place.read())
        except ValueError:
            return None
        return found

    def begin(self, digest: str) -> None:
        """Say whose partitions come here, before the first."""
        self.location.child(_REPORT).write(json.dumps({"digest": digest, "done": False}).encode())

    def finish(self, report: dict[str, Any], digest: str) -> None:
        """Write the report, when all partitions are there."""
        data = json.dumps({"digest": digest, "done": True, **report}, indent=1)
        self.location.child(_REPORT).write(data.encode())

    def place(self, folder: WorkingFolder, written: Path, number: int) -> int:
        """Give a partition its place; return its size in bytes.

        Raises
        ------
        SourceFailed
            When it cannot be written.
        """
        size = written.stat().st_size
        target = self.location.child(name_of(number))
        if self.location.is_local:
            try:
                rename(written, Path(target.path))
            except OSError as error:
                raise SourceFailed(f"{target.uri} cannot be written: {error.strerror or error}") from None
        else:
            target.upload(written)
            folder.remove(str(written.relative_to(folder.path)))
        return size


def name_of(number: int) -> str:
    """Name of a partition."""
    return f"part-{number:05}{ENDING}"
