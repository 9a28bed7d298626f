"""Find files of Parquet, without loading what reads them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from heatlas.core.filesystems import locate
from heatlas.sources.tables.table import Dataset

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ENDING", "dataset_of", "is_parquet_folder"]

ENDING = ".parquet"
_BESIDE = (".crc", "_SUCCESS", "_metadata", "_common_metadata", ".json", ".txt", ".md")
"""Ends of names that writers of Parquet leave beside their files."""


def dataset_of(source: str | Path) -> Dataset | None:
    """Files of Parquet of a folder, a pattern or an address; None if there are none.

    Raises
    ------
    BadOption, SourceFailed, MissingExtra
        When it cannot be looked up.
    """
    location = locate(source)
    if not location.is_pattern and location.name.endswith(ENDING) and location.kind() == "file":
        return Dataset(os.fspath(source), (location,))
    if not location.is_pattern and location.kind() != "folder":
        return None
    files = tuple(location.files(ENDING))
    return Dataset(os.fspath(source), files) if files else None


def is_parquet_folder(path: Path) -> bool:
    """Whether a folder holds files of Parquet, and nothing else but what their writers leave beside them."""
    found = False
    for _, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.endswith(ENDING) and not name.startswith((".", "_")):
                found = True
            elif not name.startswith(".") and not name.endswith(_BESIDE):
                return False
    return found
