"""Follow the sources of one library: folders by their changes, tables on a schedule."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heatlas.core.context import NOBODY, Context
from heatlas.core.errors import BadOption
from heatlas.library.file.opening import open_library
from heatlas.library.manage.importing import apply_settings, check_settings, refuse_table_options
from heatlas.options.parsing import parse_time
from heatlas.sources.resolve import split_import
from heatlas.sources.tables import STDIN, is_path
from heatlas.watching.hints import Hints
from heatlas.watching.intake import Intake
from heatlas.watching.rounds import Alarm, Part, begin, keep_going, say
from heatlas.watching.tables import TableReader, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from heatlas.options import ImportOptions

__all__ = ["follow", "following", "parse_every"]


def parse_every(text: str | float | None) -> float | None:
    """Seconds between two readings, of the option --every.

    Raises
    ------
    BadOption
        When it is no time, or less than a second.
    """
    if text is None:
        return None
    seconds = parse_time(str(text), "--every")
    if seconds < 1:
        raise BadOption(f"--every={text} is too often: take 1s or more")
    return seconds


def follow(
    library: Path,
    sources: Collection[Any],
    asked: ImportOptions,
    *,
    watch: bool,
    every: str | float | None,
    tell: Callable[[dict[str, Any]], None],
    context: Context = NOBODY,
) -> None:
    """Import sources into a library, and go on with what is new or changed, until KeyboardInterrupt.

    Parameters
    ----------
    library : Path
        The library; it is made where there is none.
    sources : collection
        As for `heatlas.library.manage.import_into`.
    asked : ImportOptions
        Options of the import.
    watch : bool
        Follow files and folders as they change.
    every : str or float, optional
        Read all sources again so often, e.g. "10min"; needed for databases.
    tell : callable
        Called with a report, as of `import_into`, whenever anything was taken.
    context : Context
        Number of workers, and the receiver of progress.

    Raises
    ------
    BadOption, MissingExtra
        In the beginning, for what a person must mend.
    """
    alarm = Alarm()
    with following(library, sources, asked, watch=watch, every=every, tell=tell, alarm=alarm, context=context) as parts:
        begin(parts)
        context.progress("waiting", 0, 0)
        keep_going(parts, alarm)


@contextmanager
def following(
    library: Path,
    sources: Collection[Any],
    asked: ImportOptions,
    *,
    watch: bool,
    every: str | float | None,
    tell: Callable[[dict[str, Any]], None],
    alarm: Alarm,
    context: Context = NOBODY,
) -> Iterator[list[Part]]:
    """Give the parts of `follow`, for `heatlas.watching.rounds`; in the end nothing is listened to any more."""
    seconds = parse_every(every)
    paths, tables = split_import(sources, asked.tables, asked.read)
    _refuse_deaf(sources, tables, watch=watch, every=seconds)
    if not tables:
        refuse_table_options(asked)
    check_settings(asked)
    with open_library(library, create=True) as opened:
        for note in apply_settings(opened, asked, context):
            say(f"{library}: {note}")
    parts: list[Part] = []
    listening: list[Hints] = []
    # With a name they are one set; else one that is down keeps no other from being read.
    for group in [tables] if asked.rows.name is not None and tables else [(table,) for table in tables]:
        reader = TableReader(library, group, asked, seconds, tell, context)
        parts.append(Part(" and ".join(map(name_of, group)), reader.work))
    try:
        for root in paths:
            hints = Hints([root], alarm) if watch else None
            if hints is not None:
                listening.append(hints)
                hints.start()
            intake = Intake(library, root, hints, (seconds, asked.read), tell, context)
            parts.append(Part(str(root), intake.work, wakes=watch))
        yield parts
    finally:
        for hints in listening:
            hints.stop()


def _refuse_deaf(sources: Collection[Any], tables: Collection[Any], *, watch: bool, every: float | None) -> None:
    """Refuse sources that can be followed in no way."""
    if not watch and every is None:
        raise BadOption("say --watch, or --every TIME")
    for source in sources:
        if isinstance(source, str) and source == STDIN:
            raise BadOption("what comes in on stdin comes once: --watch and --every are for files and databases")
        if not isinstance(source, (str, Path)):
            raise BadOption("--watch and --every are for files and databases, not for tables in memory")
    if every is None and (far := [table for table in tables if not is_path(table)]):
        raise BadOption(f"no database tells of new rows: say how often to read {name_of(far[0])}, as by --every 10min")
