"""What leaves the machine holds no filter, path, name or hidden place: looked for in all bytes."""

from __future__ import annotations

import base64
import gzip
import io
import re
import sqlite3
import zipfile
import zlib
from dataclasses import replace

import pytest
from library_made import made, walks
from publishing import publish

import heatlas
from heatlas.core.errors import NothingToDraw
from heatlas.library.zones import add_zone

WHERE = "name <> 'Confidential errand' AND gear <> 'Secret shoes' AND source <> 'my/own/folder'"
WORDS = (
    "Confidential", "errand", "Secret shoes", "my/own", "own-folder", "quiet-library", "Very own name",
    "Very own watch", "47.8123", "10.9123", "secret home", "rainy mood",
)  # fmt: skip
OUTPUTS = (
    "tiles", "heat.mbtiles", "heat.sqlitedb", "heat.pmtiles", "heat.html", "heat.png", "heat.webp", "heat.tif",
    "heat.kmz", "heat.pdf", "heat.npy", "film.gif", "film.mp4", "film.webp",
)  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own-folder")
    tracks = [
        replace(
            track,
            activities=(
                replace(
                    track.activities[0], name="Very own name", gear="Bike", source=f"/my/own/folder/{k}.gpx",
                    device="Very own watch", extra={"mood": "rainy mood"},
                ),
            ),
        )
        for k, track in enumerate(walks(1, 8))
    ]  # fmt: skip
    with made(folder / "quiet-library.db", tracks) as library:
        add_zone(library, "secret home", 47.8123, 10.9123, 100.0)
    return folder / "quiet-library.db"


def unpacked(data: bytes) -> list[bytes]:
    """Bytes, and what is packed in them: archives, compressed streams, text that stands for bytes."""
    found = [data]
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found += [archive.read(name) for name in archive.namelist()]
            found += [name.encode() for name in archive.namelist()]
    for place in re.finditer(rb"\x1f\x8b\x08|x\xda|x\x9c|x\x01", data):
        gzipped = data[place.start()] == 0x1F
        try:
            found.append(zlib.decompressobj(31 if gzipped else 15).decompress(data[place.start() :]))
        except zlib.error:
            continue
    for piece in re.findall(rb'<script type="text/plain" id="a[^>]*>([^<]+)<', data):
        found += unpacked(base64.b64decode(piece))
    return found


def options_of(name):
    if name.startswith("film"):
        return {"duration": "1s", "width": 120}
    if name in {"heat.png", "heat.webp", "heat.pdf", "heat.kmz", "heat.tif", "heat.npy"}:
        return {"width": 200}
    return {"zoom": "3-12", **({"layers": "sport,year,month"} if name.endswith(".html") else {})}


@pytest.mark.parametrize("name", OUTPUTS)
def test_no_byte_tells_what_is_not_to_be_told(library, tmp_path, name):
    heatlas.render(library, output=tmp_path / name, where=WHERE, sport=["Run"], **options_of(name))
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    for file in files:
        for part in unpacked(file.read_bytes()):
            for word in WORDS:
                for form in (word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")):
                    assert form not in part, (file.name, word)


def state(path):
    link = sqlite3.connect(path)
    kept = dict(link.execute("SELECT name, value FROM heatlas_state").fetchall())
    link.close()
    return kept


def test_a_filter_that_an_older_ledger_tells_in_words_is_known_again_and_wiped_out(library, tmp_path):
    options = {"zooms": (3, 9), "where": WHERE}
    publish(library, tmp_path / "heat.mbtiles", **options)
    before = state(tmp_path / "heat.mbtiles")
    link = sqlite3.connect(tmp_path / "heat.mbtiles")
    said = f'"Filter(where=\\"{WHERE}\\", sports=(), after=None, before=None)"'
    link.execute("UPDATE heatlas_state SET value = ? WHERE name = 'chosen'", (said,))
    link.commit()
    link.close()
    assert b"Confidential" in (tmp_path / "heat.mbtiles").read_bytes()
    assert publish(library, tmp_path / "heat.mbtiles", **options)["tiles"]["written"] == 0
    assert state(tmp_path / "heat.mbtiles") == before
    assert b"Confidential" not in (tmp_path / "heat.mbtiles").read_bytes()


def test_the_digest_of_a_filter_cannot_be_tried_out_without_the_secret(library, tmp_path, monkeypatch):
    found = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "secret").write_text(folder.encode().hex() * 11)
        monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / folder))
        publish(library, tmp_path / folder / "tiles", zooms=(3, 4), where="sport = 'Run'")
        found.append(state(tmp_path / folder / "tiles" / ".heatlas.db")["chosen"])
    assert found[0] != found[1]


def test_without_a_place_for_a_secret_tiles_are_published_all_the_same(library, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    # What is hidden needs the secret; what is not, does not.
    with made(tmp_path / "plain.db", walks(1, 3)):
        pass
    monkeypatch.setenv("HEATLAS_CONFIG", str(tmp_path / "file"))
    for _ in range(2):
        publish(tmp_path / "plain.db", tmp_path / "tiles", zooms=(3, 4), where="sport = 'Run'")
    assert state(tmp_path / "tiles" / ".heatlas.db")["chosen"] == "null"
    with pytest.raises(NothingToDraw, match="leaves none"):
        publish(tmp_path / "plain.db", tmp_path / "tiles", zooms=(3, 4), where="distance > 1e9")


def test_what_is_unpacked_here_is_seen():
    packed = gzip.compress(b"Confidential")
    assert any(b"Confidential" in part for part in unpacked(b"head" + packed))
    page = b'<script type="text/plain" id="a0-0">' + base64.b64encode(b"x" + packed) + b"</script>"
    assert any(b"Confidential" in part for part in unpacked(page))
