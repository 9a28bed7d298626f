"""A folder of tiles, {z}/{x}/{y}.png, for any web server, with tiles.json for programs and a page for viewers."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.paths import refuse_place, rename
from heatlas.pmtiles.hilbert import numbers_of
from heatlas.publish.folder_streets import told_of, write_streets
from heatlas.publish.ledger import failures, open_ledger
from heatlas.publish.page_files import FORMER, page_files
from heatlas.publish.sink import Sink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from heatlas.publish.sink import Metadata

__all__ = ["LEDGER", "check_folder", "open_folder"]

LEDGER = ".heatlas.db"
"""Name of the ledger in the folder. Web servers need not serve it; it holds only numbers and digests."""
_DRAFT = ".draft"
_EXPLORER = "explorer.json"
_NAMES = "names.json"


def check_folder(path: Path) -> None:
    """Refuse a folder that holds other things.

    Raises
    ------
    BadOption
        Then, and when the name is that of a file, or no folder can be made there.
    """
    refuse_place(path)
    if path.exists() and not path.is_dir():
        what = "it is a file, not a folder" if path.is_file() else "tiles go into a folder, and this is none"
        raise BadOption(f"cannot write {path}: {what}")
    if path.is_dir() and not (path / LEDGER).exists() and any(path.iterdir()):
        raise BadOption(f"cannot write {path}/: it holds other things; name a new or an empty folder")


@contextmanager
def open_folder(path: Path, style: bytes, form: str) -> Iterator[Sink]:  # noqa: ARG001 - one way to open all sinks
    """Open a folder for tiles; each tile is written under a temporary name and renamed.

    Raises
    ------
    BadOption
        When it holds other things, or tiles of another form.
    """
    check_folder(path)
    with failures(path):
        path.mkdir(exist_ok=True)
    with open_ledger(path / LEDGER, alone=True) as ledger:
        before = ledger.get("form")
        if before not in {None, form}:
            raise BadOption(f"cannot write {path}/: it holds {before} tiles; name another folder for {form} tiles")
        ledger.put("form", form)
        made: set[tuple[int, int]] = set()
        yield Sink(
            ledger,
            write=partial(_write, path, form, made),
            remove=partial(_remove, path, form),
            present=partial(_present, path, form),
            finish=partial(_finish, path),
        )


def _write(path: Path, form: str, made: set[tuple[int, int]], zoom: int, x: int, y: int, data: bytes) -> None:
    folder = f"{path}/{zoom}/{x}"
    with failures(path):
        if (zoom, x) not in made:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - paths as text are quicker, and these are many
            made.add((zoom, x))
        draft = f"{path}/{_DRAFT}"
        with open(draft, "wb", buffering=0) as file:  # noqa: PTH123
            file.write(data)
        rename(draft, f"{folder}/{y}.{form}")


def _remove(path: Path, form: str, zoom: int, x: int, y: int) -> None:
    with failures(path):
        column = path / str(zoom) / str(x)
        (column / f"{y}.{form}").unlink(missing_ok=True)
        # Folders that are empty now are removed too.
        with suppress(OSError):
            column.rmdir()
            column.parent.rmdir()


def _present(path: Path, form: str, zoom: int) -> NDArray[np.int64]:
    name = re.compile(rf"([0-9]{{1,7}})\.{form}", re.ASCII)
    found: list[tuple[int, int]] = []
    with failures(path):
        columns = [Path(entry) for entry in os.scandir(path / str(zoom))] if (path / str(zoom)).is_dir() else []
        for column in columns:
            if re.fullmatch("[0-9]{1,7}", column.name) and column.is_dir():
                matches = (name.fullmatch(file) for file in os.listdir(column))  # noqa: PTH208
                found += [(int(column.name), int(match[1])) for match in matches if match]
    places = np.array(found, np.int64).reshape(-1, 2)
    inside = (places < 1 << zoom).all(axis=1)
    return np.sort(numbers_of(zoom, places[inside, 0], places[inside, 1]))


def _finish(path: Path, metadata: Metadata) -> list[Path]:
    with failures(path):
        for name, content in page_files().items():
            _write_if_new(path / name, content)
        write_streets(path, metadata.streets)
        _write_if_new(path / _NAMES, _plain(metadata.names))
        if metadata.explorer is not None:
            _write_if_new(path / _EXPLORER, _plain(metadata.explorer))
        _write_if_new(path / "tiles.json", tile_json(metadata))
        _write_if_new(path / "tiles.js", _tile_script(metadata))
        if metadata.explorer is None:
            (path / _EXPLORER).unlink(missing_ok=True)
        for name in FORMER:
            (path / name).unlink(missing_ok=True)
        with suppress(OSError):
            (path / "assets" / "vendor").rmdir()
        (path / _DRAFT).unlink(missing_ok=True)
    more = [] if metadata.explorer is None else [path / _EXPLORER]
    return [path, path / "tiles.json", path / "index.html", *more]


def _write_if_new(path: Path, content: bytes) -> None:
    """Write a file atomically, unless it has that content already."""
    draft = path.with_name(f".{path.name}{_DRAFT}")
    draft.unlink(missing_ok=True)  # of a run that was killed
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft.write_bytes(content)
    rename(draft, path)


def _tile_script(metadata: Metadata) -> bytes:
    """Write the same, with what lies beside, as a script, for a page that is opened from disk."""
    told = json.loads(tile_json(metadata))
    told["tiles"] = [f"{{z}}/{{x}}/{{y}}.{metadata.form}"]
    data = {"tiles": told, "beside": {_NAMES: metadata.names, _EXPLORER: metadata.explorer}}
    return b"Object.assign(heatlas, " + _plain(data) + b");\n"


def _plain(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def tile_json(metadata: Metadata) -> bytes:
    """Describe a folder of tiles as TileJSON 3.0, with each zoom's legend and the place of explorer tiles."""
    data = {
        "tilejson": "3.0.0",
        "name": metadata.title,
        "description": metadata.description,
        "attribution": metadata.attribution,
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [f"{metadata.url}{{z}}/{{x}}/{{y}}.{metadata.form}"],
        "minzoom": metadata.zooms[0],
        "maxzoom": metadata.zooms[1],
        "bounds": list(metadata.bounds),
        "center": list(metadata.center),
        "legend": metadata.legend,
        "explorer": "" if metadata.explorer is None else f"{metadata.url}{_EXPLORER}",
        "streets": "" if metadata.streets is None else told_of(metadata.streets),
    }
    kept = {name: value for name, value in data.items() if value != ""}
    return json.dumps(kept, ensure_ascii=False, indent=1).encode()
