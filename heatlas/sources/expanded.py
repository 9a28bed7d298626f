"""Sources that stand for several files: folders of Parquet, patterns, and addresses of buckets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption
from heatlas.core.filesystems import is_address, locate
from heatlas.sources.formats.known import TRUSTED
from heatlas.sources.tables import is_path
from heatlas.sources.tables.files.parquet_files import ENDING, dataset_of, is_parquet_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from heatlas.core.filesystems import Location

__all__ = ["expanded"]

_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2")


def expanded(source: Any) -> Sequence[Any]:
    """Files of a pattern or an address; Parquet of a folder as one table; other sources as they are.

    Raises
    ------
    BadOption, SourceFailed, MissingExtra
        When there is no such file, or a bucket cannot be looked at.
    """
    if is_path(source) and os.path.isdir(source):  # noqa: PTH112 - False also for impossible names
        if is_parquet_folder(Path(source)):
            found = dataset_of(source)
            return [source if found is None else found]
        return [source]
    if is_path(source) and not is_address(source) and os.path.lexists(source):
        return [source]  # no pattern, which is found out without the file systems of pyarrow
    if not (is_address(source) or (is_path(source) and locate(source).is_pattern)):
        return [source]
    location = locate(source)
    every = location.files() if location.is_pattern else [location]
    if not every:
        location.refuse_missing()
        raise BadOption(f"there is no file {source}")
    if location.is_local:
        local = [Path(file.path if is_address(file.uri) else file.uri) for file in every]
        if len(local) == 1 and not location.is_pattern:
            return expanded(local[0])
        return [dataset_of(source)] if all(path.suffix == ENDING for path in local) else local
    return _in_buckets(source, location)


def _in_buckets(source: str, location: Location) -> Sequence[Any]:
    """Sources of an address: one table of Parquet, a copy of a table of another kind, or recordings."""
    from heatlas.sources.tables.files.copied import copied_table

    if location.is_pattern or location.kind() == "folder":
        files = location.files()
        if not files:
            raise BadOption(f"{source} holds no file")
        dataset = dataset_of(source) if all(file.name.endswith(ENDING) for file in files) else None
        return [location] if dataset is None else [dataset]
    if location.kind() == "":
        location.refuse_missing()
        raise BadOption(f"there is no file or folder {source}")
    if location.name.endswith(ENDING):
        return [dataset_of(source)]
    if location.name.lower().endswith((*TRUSTED, *_ARCHIVES)):
        return [location]
    return [copied_table(location) or location]
