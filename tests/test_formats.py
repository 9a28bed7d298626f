"""All formats of recordings: told by content, read alike in all places, sound in the face of damage and malice."""

from __future__ import annotations

import gzip
import io
import random
import re
import tarfile
import time
import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from format_samples import COUNT, LAT, LON, SAMPLES, TIME
from hypothesis import given
from hypothesis import strategies as st

import heatlas
from heatlas.core.batch import COLUMNS
from heatlas.core.errors import Unreadable
from heatlas.sources.formats.known import FORMATS, TRUSTED, read_format
from heatlas.sources.found_files import Entry
from heatlas.sources.reading import read_group
from heatlas.sources.sheets.exports import Exports
from heatlas.sources.sniff import kind

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "formats.md"
TABLES = [name for name, sample in SAMPLES.items() if FORMATS[sample.kind].rows and not FORMATS[sample.kind].lines]
each_sample = pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)


def read(sample, data=None):
    """Recordings of a sample, whatever its content looks like, or the reason why there are none."""
    started = time.process_time()
    try:
        found = read_format(sample.kind, sample.data if data is None else data, "x", ())
    except Unreadable as error:
        check_reason(str(error))
        return []
    finally:
        assert time.process_time() - started < 20
    assert found, "neither a recording nor a reason"
    for recording in found:
        n = len(recording.lat)
        assert len(recording.lon) == len(recording.time) == n
        assert recording.lat.dtype == recording.lon.dtype == recording.time.dtype == np.float64
        assert not np.isinf([recording.lat, recording.lon, recording.time]).any()
        assert all(len(c) == n and c.dtype == np.float32 for c in recording.columns.values())
        assert not any(np.isinf(c).any() for c in recording.columns.values())
        segments = recording.segments
        assert (np.diff(segments) > 0).all()
        assert not len(segments) or (segments[0] == 0 and segments[-1] < n)
        assert recording.activity.source == "x"
        assert len(recording.activity.name) <= 500
        for text in (recording.activity.name, recording.activity.device, *recording.warnings):
            text.encode()  # no lone surrogates
    return found


def check_reason(reason):
    assert reason.isprintable(), reason


def fixes(found) -> int:
    return sum(int(np.isfinite(recording.lat).sum()) for recording in found)


# The table.


def test_every_format_has_a_sample_and_a_reader():
    assert {sample.kind for sample in SAMPLES.values()} == set(FORMATS)
    for row in FORMATS.values():
        module, _, function = row.reader.partition(":")
        assert callable(getattr(import_module(f"heatlas.sources.formats.{module}"), function))
        assert (row.told is None) == bool(row.roots), row.kind
        assert all(ending == ending.lower() and ending.startswith(".") for ending in row.endings)
        assert row.apps
        assert row.noun.isprintable()


def test_the_page_describes_every_format():
    """A section for each, in the order of the table, that names its apps, the export, and what is taken."""
    sections = re.split(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    titles, texts = sections[::2], sections[1::2]
    assert titles == [row.title for row in FORMATS.values()]
    for row, text in zip(FORMATS.values(), texts, strict=True):
        marks = re.findall(r"^- \*\*(.+?)\*\*: ", text, re.MULTILINE)
        assert marks == ["From", "Export", "Taken", "Not taken"], row.title
        for app in row.apps:
            assert app in text, (row.title, app)


# Told by content, and read alike.


@each_sample
def test_a_format_is_told_by_its_content(sample):
    assert kind(sample.data) == sample.kind
    assert kind(sample.data[:4096]) == sample.kind
    assert kind(sample.data[: 1 << 16]) == sample.kind


@each_sample
def test_all_formats_tell_the_same_way(sample):
    (recording,) = read(sample)
    there = np.isfinite(recording.lat)
    assert there.sum() == COUNT
    assert np.abs(recording.lat[there] - LAT).max() <= sample.exact
    assert np.abs(recording.lon[there] - LON).max() <= sample.exact
    if sample.timed:
        assert np.array_equal(recording.time[there], TIME)
    assert not (recording.warnings and sample.quiet)


def packed(folder, sample):
    """The same file in all places where people have it: path, and what is given."""
    plain = folder / "plain" / sample.name
    plain.parent.mkdir()
    plain.write_bytes(sample.data)
    nameless = folder / "plain.bin" / "0001"
    nameless.parent.mkdir()
    nameless.write_bytes(sample.data)
    stream = folder / f"{sample.name}.gz"
    stream.write_bytes(gzip.compress(sample.data))
    archive = folder / "export.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(f"deep/er/{sample.name}", sample.data)
        file.writestr("deep/readme.txt", "Nothing here.")
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("0001", sample.data)
    nested = folder / "nested.tgz"
    with tarfile.open(nested, "w:gz") as file:
        about = tarfile.TarInfo("part.zip")
        about.size = len(inner.getvalue())
        file.addfile(about, io.BytesIO(inner.getvalue()))
    return [plain, plain.parent, nameless, nameless.parent, stream, archive, nested]


@each_sample
def test_a_recording_is_read_wherever_it_lies(sample, tmp_path):
    for path in packed(tmp_path, sample):
        report = heatlas.inspect(path)
        assert (report["activities"], report["fixes"]) == (1, COUNT), path
        assert not report["files"]["failed"], path


@each_sample
def test_a_recording_is_drawn_and_imported(sample, tmp_path):
    path = tmp_path / sample.name
    path.write_bytes(sample.data)
    report = heatlas.render(path, output=tmp_path / "a.png", width=64)
    assert (report["activities"], report["fixes"]) == (1, COUNT)
    from heatlas.library.manage import import_into

    import_into(tmp_path / "a.db", path)
    assert heatlas.inspect(tmp_path / "a.db")["activities"] == 1


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_a_table_when_columns_are_named(name, tmp_path):
    sample = SAMPLES[name]
    path = tmp_path / sample.name
    path.write_bytes(sample.data)
    named = dict(zip(("lat", "lon") if len(sample.columns) == 2 else ("geometry",), sample.columns, strict=True))
    for weight in [{}, *({"weight": lat} for name, lat in named.items() if name == "lat")]:
        report = heatlas.render(path, output=tmp_path / "a.png", width=64, **named, **weight)
        assert report["points"] == COUNT
    assert heatlas.inspect(path, **named)["rows"] == COUNT
    assert heatlas.inspect(path)["activities"] == 1


def test_a_file_that_only_says_so_is_named(tmp_path):
    for ending in TRUSTED:
        path = tmp_path / f"a{ending}"
        data = b"lat,lon\n1,2\n"
        path.write_bytes(gzip.compress(data) if ending.endswith(".gz") else data)
    failed = heatlas.inspect(tmp_path)["files"]["failed"]
    assert len(failed) == len(TRUSTED)
    assert {item["reason"] for item in failed} == {"a table (CSV), not a recording"}


# Damage and malice.

NASTY = (
    b"1e999", b"-1e999", b"9" * 400, b"-" + b"9" * 30, b"1e-999", b"NaN", b"Infinity", b"null", b"true", b'""', b"[]",
    b"{}", b'"\\ud800"', b"\xff\xfe", b"\0", b"0x1", b"1,5", b"..", b"", b"99999999999999999999.5", b"2147483648",
)  # fmt: skip


@each_sample
def test_every_beginning_is_read_or_refused(sample):
    cuts = {*range(0, len(sample.data), max(len(sample.data) // 100, 1)), *range(60)}
    counts = {cut: fixes(read(sample, sample.data[:cut])) for cut in sorted(cuts)}
    late = [count for cut, count in counts.items() if cut > 0.75 * len(sample.data)]
    assert all(count >= COUNT / 2 for count in late), "what stands before the cut is sound"
    assert max(counts.values()) <= COUNT


@each_sample
def test_a_cut_file_is_named(sample):
    (recording,) = read(sample, sample.data[: int(0.8 * len(sample.data))])
    assert recording.warnings or sample.kind in UNCLOSED


UNCLOSED = frozenset({"nmea", "owntracks", "owntracks-rec", "tdrive", "cabspotting"})
"""Formats of lines, whose end nobody can tell from a cut."""


@each_sample
def test_empty_files_and_zeros(sample):
    for data in (b"", b"\0" * 5000, b" \n\t" * 100, b"\xef\xbb\xbf", sample.data[:20] + bytes(9000)):
        read(sample, data)
    zeroed = bytearray(sample.data)
    zeroed[len(zeroed) // 2 : len(zeroed) // 2 + 64] = bytes(64)
    read(sample, bytes(zeroed))


@each_sample
def test_flips_of_bits_are_read_or_refused(sample):
    source = random.Random(3)
    for _ in range(80):
        data = bytearray(sample.data)
        for _ in range(source.randint(1, 12)):
            data[source.randrange(len(data))] ^= 1 << source.randrange(8)
        read(sample, bytes(data))


@each_sample
def test_values_of_the_wrong_kind(sample):
    """Numbers, and texts between quotes, become something else: one of them, some, and all."""
    values = [match.span() for match in re.finditer(rb'(?<![\w.])-?\d+(?:\.\d+)?|"[^"\n]*"', sample.data)]
    source = random.Random(5)
    for token in NASTY:
        for share in (1.0, 0.3, 0.0):
            chosen = [span for span in values if source.random() < share] or [source.choice(values)]
            pieces, at = [], 0
            for start, end in chosen:
                pieces += [sample.data[at:start], token]
                at = end
            read(sample, b"".join(pieces) + sample.data[at:])


@each_sample
def test_repeated_removed_and_moved_pieces(sample):
    source = random.Random(7)
    for _ in range(80):
        data = bytearray(sample.data)
        for _ in range(source.randint(1, 6)):
            i = source.randrange(len(data) + 1)
            j = min(len(data), i + source.choice((1, 5, 40, 400)))
            k = source.randrange(len(data) + 1)
            data[i:j] = source.choice((b"", data[i:j] * 2, data[k : k + j - i], source.randbytes(3)))
        read(sample, bytes(data))


@each_sample
def test_depth_and_length(sample):
    for opening in (b"[", b"{", b'{"a":', b"<a>", b"[[[[", b'"', b"<", b",", b"\n", b"9"):
        read(sample, opening * 100_000)
        for at in (10, len(sample.data) // 2):
            read(sample, sample.data[:at] + opening * 100_000 + sample.data[at:])


@each_sample
def test_damaged_recordings_go_through_cleaning(sample):
    """Whatever a reader gives of a damaged file can be cleaned, and ends in an outcome, never in an error."""
    source = random.Random(11)
    for _ in range(25):
        data = bytearray(sample.data[: source.randint(len(sample.data) // 2, len(sample.data))])
        for _ in range(source.randint(0, 6)):
            i = source.randrange(len(data))
            data[i : i + source.choice((0, 1, 8))] = source.choice(NASTY)
        entry = Entry(sample.name, lambda data=data: bytes(data), len(data))
        outcome = read_group([entry], frozenset(COLUMNS), Exports())
        assert outcome.read or outcome.unread


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    for sample in SAMPLES.values():
        read(sample, data)
        read(sample, sample.data[:100] + data)
