"""Make partitions of anything that heatlas reads."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Unpack

from heatlas.core.batch import Unread
from heatlas.core.context import Context, silent
from heatlas.core.errors import BadOption, NothingToDraw
from heatlas.core.report import Report
from heatlas.options import PrepareOptions, gather
from heatlas.options.signature import with_keywords
from heatlas.preparing.folder import working_folder
from heatlas.preparing.homes import plan_of
from heatlas.preparing.incoming import Incoming
from heatlas.preparing.intake import take_in
from heatlas.preparing.outputs import Output, name_of
from heatlas.preparing.shares import put_together, share_out
from heatlas.sources.resolve import GivenLibrary, resolve_tracks

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.core.context import Progress
    from heatlas.options.keywords import PrepareKeywords
    from heatlas.preparing.folder import WorkingFolder
    from heatlas.preparing.homes import Plan

__all__ = ["prepare"]

_SIZE = 10_000_000
_VERSION = 1
"""Raised when the same order makes other files."""


@with_keywords(PrepareOptions)
def prepare(
    *sources: Any, output: str | Path, progress: Progress = silent, **options: Unpack[PrepareKeywords]
) -> dict[str, Any]:
    """Make partitions: Parquet of fixes, in which each person lies whole in one file.

    A run that was stopped or killed goes on where it was, when it is called again with the same sources and options.
    Whole tracks are written: nothing is cut, and private trips are among them, marked as such.

    Parameters
    ----------
    *sources : str, Path or object
        Recordings, and tables of fixes or lines, as for `heatlas.open`; not a library.
    output : str or Path
        Folder, or its address in a bucket (``s3://bucket/fixes``).
    progress : callable, optional
        Called with the stage, the number done and the total.
    **options
        As for `heatlas.open`; `person` says whose the tracks are, `fixes` how large a file is, and `round_positions`
        that positions are rounded to 1e-7 degrees.

    Returns
    -------
    dict
        Report: what was read and left out, and the partitions.

    Raises
    ------
    BadOption, SourceFailed, MissingExtra
        With one sentence that says what to do.
    NothingToDraw
        When there is no track.
    """
    started = time.perf_counter()
    asked = gather(PrepareOptions, options, "prepare")
    given = resolve_tracks(sources, asked.tables, asked.read)
    if isinstance(given, GivenLibrary):
        raise BadOption(
            f"{given.path} is a library, which hides parts of its tracks: name what it was made from to heatlas prepare"
        )
    if given.routes:
        raise BadOption("--routes is for maps: a planned route is nobody's way, and is not prepared")
    place, incoming = Output(output), Incoming(given)
    size = asked.fixes or _SIZE
    digest = hashlib.blake2b(
        repr((_VERSION, incoming.digest(), size, asked.round_positions)).encode(), digest_size=16
    ).hexdigest()
    known = place.check(digest)
    if known is not None:
        return {**known["report"], "unchanged": True}
    context = Context(1, progress)
    with working_folder(place.location, digest) as folder:
        notes = take_in(folder, incoming, context)
        if not any(note["trips"] for note in notes):
            folder.close()
            raise NothingToDraw(_report_of(notes, incoming).nothing())
        plan = plan_of(folder, len(notes), size)
        place.begin(digest)
        for k in range(len(notes)):
            context.progress("sharing out", k, len(notes))
            share_out(folder, k, plan)
        sizes = _put_together(folder, place, plan, len(notes), asked.round_positions, context)
        report = _said(notes, incoming, plan, sizes, place)
        report["seconds"] = {"all": time.perf_counter() - started}
        place.finish({"report": report}, digest)
        folder.close()
    return report


def _put_together(
    folder: WorkingFolder, place: Output, plan: Plan, groups: int, whole: bool, context: Context
) -> list[int]:
    """Put all partitions together, each unless that is done; return their sizes in bytes."""
    sizes = []
    for k in range(len(plan.fixes)):
        context.progress("writing", k, len(plan.fixes))
        done = folder.said(f"done/{k:06}")
        if done is None:
            written = folder.file(f"done/{k:06}.part")
            trips = put_together(folder, k, groups, plan, written, whole)
            done = {"bytes": place.place(folder, written, k), "trips": trips}
            folder.note(f"done/{k:06}", done)
            folder.remove(f"shares/{k:06}")
        sizes.append(done["bytes"])
    return sizes


def _report_of(notes: list[dict[str, Any]], incoming: Incoming) -> Report:
    """Report of reading, over all runs."""
    report = Report()
    dropped: Counter[str] = Counter()
    for note in notes:
        report.read += note["read"]
        dropped.update(note["dropped"])
        report.warnings += [(name, text) for name, text in note["warnings"]]
        for unread in [Unread(file=f, reason=r, failed=d, kind=k) for f, r, d, k in note["unread"]]:
            (report.failed if unread.failed else report.skipped).append(unread)
    report.warnings += incoming.export.warnings
    for unread in incoming.left:
        (report.failed if unread.failed else report.skipped).append(unread)
    for given in incoming.tracks.tables:
        report.read += given.table.files
        dropped.update(given.table.dropped)
        report.warnings += [(given.table.name, text) for text in given.table.warnings]
    report.dropped += dropped
    return report


def _said(
    notes: list[dict[str, Any]], incoming: Incoming, plan: Plan, sizes: list[int], place: Output
) -> dict[str, Any]:
    """Report as plain data."""
    fixes = sum(plan.fixes)
    warnings = []
    if "" in plan.partition:
        warnings.append("nobody said whose some trips are: they count as one person; --person says it")
    large = [k for k, some in enumerate(plan.fixes) if plan.persons[k] == 1 and some > 2 * _SIZE]
    if large:
        warnings.append(
            f"{len(large):,} persons have more than {2 * _SIZE:,} fixes each: their files are as large as they are"
        )
    return {
        **_report_of(notes, incoming).data(),
        "trips": sum(note["trips"] for note in notes),
        "fixes": fixes,
        "persons": len(plan.partition),
        "bytes": sum(sizes),
        "bytes_per_fix": sum(sizes) / max(fixes, 1),
        "partitions": [
            {"file": name_of(k), "fixes": plan.fixes[k], "persons": plan.persons[k], "bytes": sizes[k]}
            for k in range(len(sizes))
        ],
        "warnings": warnings,
        "output": place.location.uri,
    }
