"""Where the bytes of a library are: by table, by zoom, and by column of the index and of tracks.

    python benchmarks/library_size.py [--activities 300] [--hotpot BINARY] [SOURCE...]
    python benchmarks/library_size.py --library FILE

SOURCE, by default a demo, is imported into a new library; with --hotpot, hotpot imports the first SOURCE as well, and
its tables are listed beside. Of a table, "pages" is what it takes in the file, and "filled" the share that holds rows.
Columns that are packed together take the share that they have when each is packed alone.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

from heatlas.demo import write_demo
from heatlas.library.file.bundles import BUNDLE, unpack_columns
from heatlas.library.file.columns import COLUMNS, PIXELS
from heatlas.library.file.keys import column_of, tile_of
from heatlas.library.file.opening import open_library
from heatlas.library.file.packing import pack
from heatlas.library.imports import import_sources
from heatlas.library.rows.tracks import NAMES


def tables(path: Path) -> None:
    """Size of a file and of its tables."""
    with closing(sqlite3.connect(path)) as link:
        free, page = (link.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, of which free {free * page / 1e6:.2f} MB")
        rows = link.execute("SELECT name, sum(pgsize), sum(payload) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 8")
        for name, pages, payload in rows:
            print(f"  {name:24} pages {pages / 1e6:7.2f} MB, filled {payload / pages:4.0%}")


def shares(column: int, data: bytes) -> dict[int, float]:
    """Bytes of a row of the index by column."""
    if column != BUNDLE:
        return {column: float(len(data))}
    alone = {number: len(pack(part)) for number, (part, _) in unpack_columns([(column, data)]).items()}
    return {number: size * len(data) / sum(alone.values()) for number, size in alone.items()}


def index(link: sqlite3.Connection) -> None:
    """Sizes by zoom and by column of the index."""
    names = {number: name for name, number in COLUMNS.items()}
    zooms, columns, rows = Counter[tuple[int, bool]](), Counter[int](), Counter[int]()
    for key, data in link.execute("SELECT key, data FROM passages"):
        column, (zoom, _, _) = column_of(key), tile_of(key)
        zooms[zoom, column == PIXELS] += len(data)
        rows[zoom] += 1
        for number, size in shares(column, data).items():
            columns[number] += size
    print("index by zoom: rows, pixels and other columns in kB")
    for zoom in sorted(rows):
        print(f"  {zoom:2} {rows[zoom]:8,} {zooms[zoom, True] / 1e3:10,.1f} {zooms[zoom, False] / 1e3:10,.1f}")
    told(columns, names, "index by column, kB")


def told(sizes: Counter[int], names: dict[int, str], title: str) -> None:
    """Print sizes, the largest first."""
    print(f"{title}: " + ", ".join(f"{names[number]} {size / 1e3:,.0f}" for number, size in sizes.most_common()))


def library(path: Path) -> None:
    """Sizes of a library."""
    tables(path)
    with closing(sqlite3.connect(path)) as link:
        index(link)
        columns, names = Counter[int](), dict(enumerate(("u", "v", "time", "progress", "segments", *NAMES)))
        for column, size in link.execute("SELECT key & 63, sum(length(data)) FROM tracks GROUP BY 1"):
            columns[column] = size
        told(columns, names, "tracks by column, kB")
        print(f"fixes: {link.execute('SELECT sum(fixes) FROM activities').fetchone()[0]:,}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", type=Path)
    parser.add_argument("--activities", type=int, default=300)
    parser.add_argument("--library", type=Path)
    parser.add_argument("--hotpot")
    options = parser.parse_args()
    if options.library:
        library(options.library)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = options.sources or [folder / "demo"]
        if not options.sources:
            write_demo(sources[0], activities=options.activities, seed=1)
        with open_library(folder / "library.db", create=True) as made:
            import_sources(made, sources)
        library(folder / "library.db")
        if options.hotpot:
            database = folder / "hotpot.db"
            subprocess.run([options.hotpot, "--db", str(database), "import", str(sources[0])], check=True, stdout=-3)
            tables(database)


if __name__ == "__main__":
    main()
