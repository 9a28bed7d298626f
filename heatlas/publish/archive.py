"""A PMTiles archive that is updated: changed tiles wait in a file beside it until the archive is written again."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import HeatlasError, SourceFailed
from heatlas.core.paths import state_beside
from heatlas.core.scratch import sweep
from heatlas.pmtiles.directory import Directory
from heatlas.pmtiles.hilbert import number_of
from heatlas.publish.ledger import failures, open_ledger
from heatlas.publish.pmtiles import read_directory, read_metadata, write_archive
from heatlas.publish.sink import Sink
from heatlas.writers.atomic import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from heatlas.publish.ledger import Ledger
    from heatlas.publish.sink import Metadata

__all__ = ["open_archive"]

_SPOOL = "CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY, data BLOB NOT NULL)"


@contextmanager
def open_archive(path: Path, style: bytes, form: str) -> Iterator[Sink]:  # noqa: ARG001 - one way to open all sinks
    """Open an archive.

    New tiles wait in the file beside it. At the end a new archive is written in the order of the Hilbert curve;
    unchanged tiles are copied from the old one. Then the new archive replaces the old one.
    """
    path = path.resolve() if path.is_symlink() else path
    with open_ledger(state_beside(path), alone=True) as ledger:
        ledger.begin()
        ledger.connection.execute(_SPOOL)
        known = ledger.get("generations")
        if ledger.get("form") != form or (known and _generation(path) not in known):
            # It is not the archive that was published: nothing in it can be reused.
            ledger.connection.execute("DELETE FROM heatlas_drawn")
            ledger.connection.execute("DELETE FROM waiting")
            ledger.put("generations", [])
        ledger.put("form", form)
        ledger.commit()
        yield Sink(
            ledger,
            write=partial(_write, ledger),
            remove=partial(_remove, ledger),
            present=lambda zoom: None,
            finish=partial(_finish, ledger, path),
        )


def is_our_archive(path: Path) -> bool:
    """Whether a file is an archive published by heatlas, so that it may be replaced."""
    return _generation(path) not in {None, "None"}


def _generation(path: Path) -> str | None:
    """Generation stored in an archive, "None" if it has none; None if the file is missing or no archive."""
    with suppress(OSError, SourceFailed, ValueError), path.open("rb") as file:
        return str(read_metadata(file).get("generation"))
    return None


def _write(ledger: Ledger, zoom: int, x: int, y: int, data: bytes) -> None:
    ledger.begin()
    number = number_of(zoom, x, y)
    ledger.connection.execute("INSERT OR REPLACE INTO waiting VALUES (?, ?)", (number, data))


def _remove(ledger: Ledger, zoom: int, x: int, y: int) -> None:
    ledger.begin()
    ledger.connection.execute("DELETE FROM waiting WHERE number = ?", (number_of(zoom, x, y),))


def _finish(ledger: Ledger, path: Path, metadata: Metadata) -> list[Path]:
    ledger.commit()
    numbers, digests = _drawn(ledger)
    said = hashlib.blake2b(repr(asdict(metadata)).encode(), digest_size=16)
    said.update(numbers.tobytes() + digests.tobytes())
    generation = said.hexdigest()
    if _generation(path) == generation:
        sweep(path.resolve().parent)  # a run that was killed when the archive had its name left a folder there
    else:
        # Both generations are stored until the new file has its name, in case this is interrupted.
        ledger.put("generations", [*ledger.get("generations")[-1:], generation])
        ledger.commit()
        with failures(path), atomic_write(path) as draft, _older(path) as old:
            tiles, pieces = _together(ledger, old, numbers, digests, path)
            write_archive(draft, tiles, pieces, metadata, generation)
    ledger.begin()
    ledger.put("generations", [generation])
    ledger.connection.execute("DELETE FROM waiting")
    ledger.commit()
    ledger.connection.execute("VACUUM")
    return [path]


def _drawn(ledger: Ledger) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    """Numbers, ascending, and digests of all tiles that are not empty."""
    rows = ledger.connection.execute(
        "SELECT number, digest FROM heatlas_drawn WHERE length(digest) > 0 ORDER BY number"
    )
    found = rows.fetchall()
    numbers = np.fromiter((row[0] for row in found), np.int64, len(found))
    return numbers, np.frombuffer(b"".join(row[1] for row in found), "V16")


def _together(
    ledger: Ledger,
    old: tuple[Directory, Callable[[int, int], bytes]],
    numbers: NDArray[np.int64],
    digests: NDArray[np.void],
    path: Path,
) -> tuple[Directory, Iterator[bytes]]:
    """Directory and data of the new archive, from waiting tiles and the old archive; equal tiles are stored once."""
    waiting = ledger.connection.execute("SELECT number, length(data) FROM waiting ORDER BY number").fetchall()
    new, sizes = np.array(waiting, np.int64).reshape(-1, 2).T
    before, read = old
    in_new, in_old = _places(new, numbers), _places(before.numbers, numbers)
    if ((in_new < 0) & (in_old < 0)).any():
        raise HeatlasError(f"{path} is not what was published: remove {state_beside(path)} to begin anew")
    lengths = np.empty(len(numbers), np.int64)
    lengths[in_old >= 0] = before.lengths[in_old[in_old >= 0]]
    lengths[in_new >= 0] = sizes[in_new[in_new >= 0]]
    _, first, same = np.unique(digests, return_index=True, return_inverse=True)
    sources = np.sort(first)  # the first tile of each content
    offsets = np.zeros(len(numbers), np.int64)
    offsets[sources] = np.cumsum(lengths[sources]) - lengths[sources]

    def pieces() -> Iterator[bytes]:
        for k in sources.tolist():
            if in_new[k] >= 0:
                row = ledger.connection.execute(
                    "SELECT data FROM waiting WHERE number = ?", (int(numbers[k]),)
                ).fetchone()
                yield row[0]
            else:
                yield read(int(before.offsets[in_old[k]]), int(lengths[k]))

    return Directory(numbers, np.ones_like(numbers), offsets[first[same.reshape(-1)]], lengths), pieces()


def _places(known: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of each number among known ones, which ascend; -1: it is missing."""
    if not len(known):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[place] == wanted, place, -1)


@contextmanager
def _older(path: Path) -> Iterator[tuple[Directory, Callable[[int, int], bytes]]]:
    """Directory of the old archive, and a function that reads its data; empty if there is no archive."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            tiles, start = read_directory(file)
        except (OSError, SourceFailed, ValueError):
            nothing = np.zeros(0, np.int64)
            yield Directory(nothing, nothing, nothing, nothing), lambda offset, length: b""
            return

        def read(offset: int, length: int) -> bytes:
            file.seek(start + offset)
            return file.read(length)

        yield tiles, read
