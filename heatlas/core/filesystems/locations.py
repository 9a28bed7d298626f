"""Files and folders on a disk or in a bucket."""

from __future__ import annotations

import os
import posixpath
import threading
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from heatlas.core.errors import BadOption, SourceFailed, path_name, printable
from heatlas.core.filesystems.failures import failing
from heatlas.core.filesystems.patterns import before_pattern, is_pattern, matcher
from heatlas.core.filesystems.stores import FSSPEC, filesystem_of, is_address, open_by_fsspec
from heatlas.core.frozen import frozen
from heatlas.core.paths import rename

__all__ = ["Found", "Location", "locate", "source_name"]

_PIECE = 1 << 23
"""Bytes that are sent at once."""


@frozen
class Location:
    """A file or folder, or a pattern of files, on a disk or in a bucket."""

    uri: str
    """As it was given: an address, or a path."""
    filesystem: Any
    """`pyarrow.fs.FileSystem`."""
    path: str
    """Path on that file system, with slashes; of a bucket its name comes first."""

    @property
    def is_local(self) -> bool:
        """Whether it lies on a disk of this machine."""
        return bool(self.filesystem.type_name == "local")

    @property
    def name(self) -> str:
        """Last part of the path."""
        return posixpath.basename(self.path)

    @property
    def is_pattern(self) -> bool:
        """Whether it is a pattern such as ``fixes/*.parquet``; the name of a file that is there is none."""
        return is_pattern(self.path) and not (self.is_local and os.path.lexists(self.path))

    def size(self) -> int:
        """Bytes of a file; 0 for a folder.

        Raises
        ------
        SourceFailed
            When there is none.
        """
        with failing(self.uri):
            return int(self.filesystem.get_file_info(self.path).size or 0)

    def child(self, name: str) -> Location:
        """File or folder in this folder."""
        return replace(self, uri=f"{self.uri.rstrip('/')}/{name}", path=f"{self.path.rstrip('/')}/{name}")

    @property
    def parent(self) -> Location:
        """Folder that it is in."""
        uri, path = (text.rstrip("/").rpartition("/")[0] for text in (self.uri, self.path))
        return replace(self, uri=uri or ".", path=path or "/")

    def make(self) -> None:
        """Make a folder of a disk, with those around it; buckets have none.

        Raises
        ------
        SourceFailed
            When it cannot be made.
        """
        if self.is_local:
            with failing(self.uri, "made"):
                Path(self.path).mkdir(parents=True, exist_ok=True)

    def _at(self, path: str) -> Location:
        """Location of another path on the same file system."""
        if self.is_local and not is_address(self.uri):
            # What was given as a relative path stays one.
            before = self.path.removesuffix(self.uri.rstrip("/")) if not Path(self.uri).is_absolute() else ""
            return replace(self, uri=path.removeprefix(before) if before != self.path else path, path=path)
        head, skipped = self.uri.rstrip("/").split("/"), self.path.rstrip("/").split("/")
        while head and skipped and head[-1] == skipped[-1]:  # an address may name a host or an account before
            head.pop()
            skipped.pop()
        return replace(self, uri="/".join([*head, *path.split("/")[len(skipped) :]]), path=path)

    def kind(self) -> str:
        """Look what is there: "file", "folder" or "" for nothing.

        Raises
        ------
        SourceFailed
            When it cannot be found out.
        """
        from pyarrow.fs import FileType

        with failing(self.uri):
            found = self.filesystem.get_file_info(self.path).type
        return {FileType.File: "file", FileType.Directory: "folder"}.get(found, "")

    def refuse_missing(self) -> None:
        """Refuse a bucket that does not exist.

        Raises
        ------
        SourceFailed
            Names it.
        """
        from pyarrow.fs import FileType

        name = self.path.partition("/")[0]
        if self.is_local or not name:
            return
        with failing(self.uri):
            found = self.filesystem.get_file_info(name).type
        if found == FileType.NotFound:
            raise SourceFailed(f"{printable(self.uri)} cannot be read: there is no bucket {name}")

    def files(self, ending: str = "") -> list[Location]:
        """Files of a folder and its folders, or of a pattern such as ``fixes/*.parquet``, in the order of their names.

        Parameters
        ----------
        ending : str
            Only files whose names end so; names that begin with a dot or an underscore are left out.

        Raises
        ------
        SourceFailed
            When they cannot be listed.
        """
        return [file.location for file in self.found(ending) if not file.location.name.startswith("_")]

    def found(self, ending: str = "") -> list[Found]:
        """Files as `files` lists them, with sizes and times; also those whose names begin with an underscore."""
        from pyarrow.fs import FileSelector, FileType

        pattern = self.path if self.is_pattern else None
        if pattern is None and (one := self._info()) is not None:
            return [one]
        root = before_pattern(self.path) if pattern else self.path
        with failing(self.uri):
            deep = pattern is None or "**" in pattern or "/" in pattern[len(root) + 1 :]
            found = self.filesystem.get_file_info(
                FileSelector(root, allow_not_found=pattern is not None, recursive=deep)
            )
        test = matcher(pattern) if pattern else None
        kept = [
            info
            for info in found
            if info.type == FileType.File
            and info.path.endswith(ending)
            and not any(part.startswith(".") for part in info.path[len(root) :].split("/"))
            and (test is None or test.fullmatch(info.path))
        ]
        kept.sort(key=attrgetter("path"))
        return [Found(self._at(info.path), info.size or 0, info.mtime_ns or 0) for info in kept]

    def _info(self) -> Found | None:
        """Size and time of this file; None for a folder, and for nothing."""
        from pyarrow.fs import FileType

        with failing(self.uri):
            info = self.filesystem.get_file_info(self.path)
        return Found(self, info.size or 0, info.mtime_ns or 0) if info.type == FileType.File else None

    def opened(self) -> Any:
        """Open for reading at any place: a `pyarrow.NativeFile`.

        Raises
        ------
        SourceFailed
            When it cannot be opened.
        """
        with failing(self.uri):
            return self.filesystem.open_input_file(self.path)

    def read(self) -> bytes:
        """Read all of it.

        Raises
        ------
        SourceFailed
            When it cannot be read.
        """
        with failing(self.uri), self.filesystem.open_input_file(self.path) as file:
            return bytes(file.read())

    def write(self, data: Any) -> None:
        """Write a whole file; its name appears only when it is whole. Folders are made.

        Parameters
        ----------
        data : bytes-like
            Its content.

        Raises
        ------
        SourceFailed
            When it cannot be written.
        """
        with failing(self.uri, "written"):
            if not self.is_local:
                with self.filesystem.open_output_stream(self.path) as stream:
                    stream.write(data)
                return
            path = Path(self.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
            try:
                aside.write_bytes(data)
                rename(aside, path)
            finally:
                aside.unlink(missing_ok=True)

    def upload(self, path: Path) -> None:
        """Write a file of this disk there; in a bucket its name appears when it is whole.

        Raises
        ------
        SourceFailed
            When it cannot be read or written.
        """
        with (
            failing(self.uri, "written"),
            path.open("rb") as file,
            self.filesystem.open_output_stream(self.path) as stream,
        ):
            while piece := file.read(_PIECE):
                stream.write(piece)

    def remove(self) -> None:
        """Remove a file; nothing happens if there is none.

        Raises
        ------
        SourceFailed
            When it cannot be removed.
        """
        with failing(self.uri, "removed"):
            if self.kind() == "file":
                self.filesystem.delete_file(self.path)


@frozen
class Found:
    """A file that was listed."""

    location: Location
    size: int
    """Bytes."""
    changed: int
    """Nanoseconds since 1970; 0 if unknown."""


def source_name(source: Path | Location) -> str:
    """Name of a source as the names of its files begin."""
    return path_name(source) if isinstance(source, Path) else printable(source.uri.rstrip("/"))


def locate(source: str | Path) -> Location:
    """Find the file system of an address or a path. Nothing is looked up there yet.

    Raises
    ------
    BadOption
        For an address without a bucket, or of a kind that is not known.
    MissingExtra
        When fsspec is needed and is not there.
    """
    text = os.fspath(source)
    if not is_address(text):
        return Location(text, filesystem_of("file", ""), _plain(os.path.abspath(text)))  # noqa: PTH100 - may be a pattern
    scheme = text.partition("://")[0].lower()
    if scheme == "file":
        path = unquote(urlsplit(text.replace("?", "%3F").replace("#", "%23")).path)
        if os.name == "nt":
            path = path.lstrip("/")
        return Location(text, filesystem_of("file", ""), _plain(path))
    rest = text.partition("://")[2].rstrip("/")
    bucket, _, key = rest.partition("/")
    if scheme in FSSPEC:
        return Location(text, *open_by_fsspec(text))
    if not bucket:
        raise BadOption(f"{text} names no bucket: write {scheme}://BUCKET/FOLDER")
    if scheme in {"abfs", "abfss"} and "@" in bucket:  # abfss://container@account.dfs.core.windows.net/path
        container, _, host = bucket.partition("@")
        return Location(text, filesystem_of("az", host.partition(".")[0]), f"{container}/{key}".rstrip("/"))
    kind = {"gcs": "gs", "abfs": "az", "abfss": "az"}.get(scheme, scheme)
    return Location(text, filesystem_of(kind, bucket if kind == "s3" else ""), rest)


def _plain(path: str) -> str:
    return path.replace(os.sep, "/") if os.sep != "/" else path
