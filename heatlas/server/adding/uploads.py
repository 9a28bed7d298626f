"""Import recordings over HTTP: uploads are stored temporarily while they are imported, then deleted."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from heatlas.core.context import Context
from heatlas.core.errors import BadOption, HeatlasError, NothingToDraw, Undecided, path_name, unworded
from heatlas.core.paths import possible_name, rename
from heatlas.core.report import Report
from heatlas.core.scratch import holding, make_scratch, sweep, sweep_held
from heatlas.library.imports import BEFORE, import_sources
from heatlas.server import first_library
from heatlas.server.adding.dropped_tables import Answers, answers_of, import_table, question, sorted_file
from heatlas.server.site.state import ImportProgress, current, site_of
from heatlas.sources.archive import is_archive
from heatlas.sources.resolve import GivenPoints, GivenTracks

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.requests import Request

    from heatlas.library.file.store import Library
    from heatlas.server.site.state import ServedLibrary

__all__ = ["in_thread", "receive", "tidy"]

_FORMS = ("multipart/", "application/x-www-form-urlencoded", "text/plain")
"""Media types that a form of any web page can send; files are sent with others."""
_LONGEST = 200


async def receive(request: Request) -> dict[str, Any]:
    """Import one file, or one archive, and return the report.

    A table whose rows are points is imported when the request says which column weighs; else `table` of the answer
    describes its columns (`heatlas.server.adding.dropped_tables.question`), and nothing is imported.

    Raises
    ------
    HTTPException
        403 on a public map; 400 without a name, or if the body is empty or incomplete; 413 if it is too large; 415 for
        a form.
    HeatlasError
        When the library cannot be written.
    """
    site = site_of(request)
    if site.public:
        raise HTTPException(403, "this map is public: nothing can be imported here")
    name, answers = _name(request), answers_of(request.query_params)
    if request.headers.get("content-type", "").strip().lower().startswith(_FORMS):
        raise HTTPException(415, "send the file itself as the body, not a form")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > site.largest_upload:
        raise HTTPException(413, f"one import may have {site.largest_upload} bytes at most")
    if site.makes is None:
        await current(site)  # nothing is imported into a library file that was removed
    # Beside the library: on the same disk, and readable by the same users.
    beside = (site.makes or site.view.library.path).resolve().parent
    scratch = await asyncio.to_thread(make_scratch, beside)
    try:
        digest = await _store(request, site, scratch.path / "body")
        async with site.importing:
            site.progress = ImportProgress(name)
            try:
                return await _imported(site, scratch.path / "body", name, digest, answers)
            finally:
                site.progress = None
    finally:
        scratch.close()  # not in a thread: when the server ends, nothing is awaited any more


def _name(request: Request) -> str:
    """Name of the file from X-Filename (percent-encoded): the last part of its path, without harmful characters."""
    text = unquote(request.headers.get("x-filename", ""), errors="replace").replace("\\", "/")
    name = "".join(char for char in text.rpartition("/")[2] if char.isprintable()).strip().lstrip(".")
    name = possible_name(name.encode("utf-8", "replace")[-_LONGEST:].decode("utf-8", "ignore"))
    if not name:
        raise HTTPException(400, "the header X-Filename must name the file, percent-encoded")
    return name


async def _store(request: Request, site: ServedLibrary, path: Path) -> str:
    """Write the body to a file, block by block, and return its digest."""
    digest, size = hashlib.blake2b(digest_size=8), 0
    with path.open("wb") as file:
        try:
            async for block in request.stream():
                size += len(block)
                if size > site.largest_upload:
                    raise HTTPException(413, f"one import may have {site.largest_upload} bytes at most")
                digest.update(block)
                await asyncio.to_thread(file.write, block)
        except ClientDisconnect:
            raise HTTPException(400, "the file did not arrive as a whole") from None
    if not size:
        raise HTTPException(400, "the body is empty: send the file itself")
    return digest.hexdigest()


async def _imported(site: ServedLibrary, body: Path, name: str, digest: str, answers: Answers) -> dict[str, Any]:
    """Import under a name that stays the same, so that only new recordings are read.

    An archive of the same name is taken as a newer version; single files are identified by their content.
    """
    archive = await asyncio.to_thread(is_archive, body)

    def work() -> dict[str, Any]:
        before = first_library.make(site)
        uploads = _uploads(site.view.library)
        folder = uploads if archive else uploads / digest
        try:
            return _import(site, body, folder / name, answers)
        except BadOption as error:
            raise BadOption(_without(unworded(error), f"{path_name(folder)}/")) from None
        finally:
            if before is not None:
                first_library.keep_or_remove(site, before)

    report: dict[str, Any] = await in_thread(site, work)
    return report


async def in_thread(site: ServedLibrary, work: Any, *values: Any) -> Any:
    """Run a function in a thread of its own, not in the pool that draws: an import may take minutes."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def finish(result: Any, error: BaseException | None) -> None:
        if not done.cancelled():
            done.set_result(result) if error is None else done.set_exception(error)

    def run() -> None:
        try:
            result, error = work(*values), None
        except BaseException as caught:  # noqa: BLE001 - raised again where the result is awaited
            result, error = None, caught
        with suppress(RuntimeError):  # the loop is closed: the server has ended
            loop.call_soon_threadsafe(finish, result, error)

    # The end of the server waits for it (`shut`), and a second signal does not.
    thread = threading.Thread(target=run, name="heatlas-import", daemon=True)
    site.imports[:] = [one for one in site.imports if one.is_alive()]  # those that ended may not have when awaited
    thread.start()
    site.imports.append(thread)
    return await done


def _import(site: ServedLibrary, body: Path, path: Path, answers: Answers) -> dict[str, Any]:
    """Import a file under a temporary path."""
    library = site.view.library
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with holding(path):
            rename(body, path)
            report: dict[str, Any] = _without(
                _read(library, path, answers, _context(site)), f"{path_name(path.parent)}/"
            )
            return report
    finally:
        _clear(path, _uploads(library))


def _context(site: ServedLibrary) -> Context:
    """Context that notes how far an import is."""
    progress = site.progress

    def note(done: int, of: int) -> None:
        if progress is not None:
            progress.done, progress.of = done, of

    return Context(
        files=note, progress=lambda stage, done, total: note(done, total) if stage == "reading points" else None
    )


def _read(library: Library, path: Path, answers: Answers, context: Context) -> dict[str, Any]:
    """Import a file by what it is; a table of points of which nothing is said is described instead."""
    try:
        tracks, points = sorted_file(path, answers)
        asked = question(points.tables[0]) if points.tables and answers.weight is None else None
    except HeatlasError as error:
        if answers.weight is not None:
            raise BadOption(unworded(error)) from None
        tracks, points, asked = GivenTracks((path,)), GivenPoints(()), None  # said better by the readers of recordings
    if asked is not None:
        return {"added": 0, "files": Report().data()["files"], "table": asked}
    before = _count(library)
    if tracks.tables or (points.tables and answers.weight is not None):
        try:
            report = import_table(library, tracks, points, answers, context)
        except (NothingToDraw, Undecided) as error:
            raise BadOption(unworded(error)) from None  # of the table, not of the library
        library.settle()
        return {"added": _count(library) - before, **report}
    found = import_sources(library, [path], context)
    library.settle()
    path.unlink(missing_ok=True)
    nothing = {} if found.read or found.dropped[BEFORE] else {"nothing": found.nothing()}
    return {"added": _count(library) - before, **nothing, **found.data()}


def _uploads(library: Library) -> Path:
    path = library.path.resolve()
    return path.with_name(f"{path.name}.uploads")


def tidy(library: Library) -> None:
    """Remove temporary files that killed servers left beside a library."""
    sweep(library.path.resolve().parent)
    sweep_held(_uploads(library))


def _count(library: Library) -> int:
    with library.read() as connection:
        count: int = connection.execute("SELECT count(*) FROM activities WHERE same_as IS NULL").fetchone()[0]
    return count


def _clear(path: Path, uploads: Path) -> None:
    with suppress(OSError):
        path.unlink()
    for folder in (path.parent, uploads):
        with suppress(OSError):  # not empty: another import uses it
            folder.rmdir()


def _without(data: Any, prefix: str) -> Any:
    """Remove a folder from all texts, so that the report does not reveal the path of the library."""
    if isinstance(data, str):
        return data.replace(prefix, "")
    if isinstance(data, dict):
        return {key: _without(value, prefix) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_without(value, prefix) for value in data]
    return data
