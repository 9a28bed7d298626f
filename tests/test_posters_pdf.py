"""PDF: what stands at the places that the table names, and pixels that come back as they were."""

from __future__ import annotations

import io
import re
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from heatlas.core.window import Window
from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.writers import write
from heatlas.writers.rendered_map import RenderedMap


def objects(data: bytes) -> dict[int, bytes]:
    """Read all objects by the table at the end, as programs do."""
    assert data.startswith(b"%PDF-1.7")
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", data)[1])
    assert data[start:].startswith(b"xref\n0 ")
    lines = data[start:].split(b"\n")
    count = int(lines[1].split()[1])
    found = {}
    for number, line in enumerate(lines[2 : 2 + count]):
        assert len(line) == 19
        place, _, kind = line.split()
        if kind == b"n":
            head = f"{number} 0 obj\n".encode()
            assert data[int(place) :].startswith(head)
            found[number] = data[int(place) + len(head) :]
    assert b"/Size %d/Root 1 0 R" % count in data[start:]
    return found


def stream(found, number) -> tuple[bytes, bytes]:
    """Entries and bytes of a stream, as long as its length says."""
    entries, _, rest = found[number].partition(b"\nstream\n")
    length = int(found[int(re.search(rb"/Length (\d+) 0 R", entries)[1])].split()[0])
    assert rest[length:].startswith(b"\nendstream\nendobj\n")
    return entries, rest[:length]


def image(found, number) -> tuple[bytes, np.ndarray]:
    """Entries and samples of an image, whose stream is that of a PNG: Pillow inflates it and undoes its filters."""
    entries, data = stream(found, number)
    width, height, colors = (
        int(re.search(rb"/%s (\d+)" % key, entries)[1]) for key in (b"Width", b"Height", b"Colors")
    )
    assert b"/Filter/FlateDecode/DecodeParms<</Predictor 15" in entries
    assert b"/Columns %d>>" % width in entries
    header = struct.pack(">IIBBBBB", width, height, 8, {1: 0, 3: 2}[colors], 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    )
    with Image.open(io.BytesIO(png)) as opened:
        return entries, np.array(opened).reshape(height, width, colors)


def made(palette: bool, opaque: bool) -> Picture:
    table = colormap("ember")
    if not opaque:
        table[:50, 3] = np.arange(50)
    pixels = (np.indices((300, 210)).sum(0) % 256).astype(np.uint8)
    picture = Picture(pixels, table)
    return picture if palette else Picture(picture.rgba)


@pytest.mark.parametrize("palette", [True, False])
@pytest.mark.parametrize("opaque", [True, False])
def test_pixels_come_back(tmp_path, palette, opaque):
    picture = made(palette, opaque)
    work = RenderedMap(window=Window(2.0**20, 0, 0, 210, 300), picture=picture, title="Läufe", dpi=150.0)
    path, beside = write(tmp_path / "p.pdf", work)
    found = objects(path.read_bytes())
    entries, samples = image(found, 6)
    if palette:
        table = re.search(rb"/Indexed/DeviceRGB 255<([0-9a-f]+)>", entries)[1].decode()
        colours = np.frombuffer(bytes.fromhex(table), np.uint8).reshape(256, 3)
        samples = colours[samples[..., 0]]
    assert np.array_equal(samples, picture.rgba[..., :3])
    if opaque:
        assert b"SMask" not in entries
        assert 7 not in found
    else:
        assert b"/SMask 7 0 R" in entries
        mask, alpha = image(found, 7)
        assert b"/ColorSpace/DeviceGray" in mask
        assert np.array_equal(alpha[..., 0], picture.rgba[..., 3])
    assert "Läufe".encode("utf-16-be").hex().encode() in found[5]
    assert '"page": "p.pdf"' in beside.read_text()


@pytest.mark.parametrize(("dpi", "page", "unit"), [(300.0, "50.4000 72.0000", 1), (1.0, "10080.0000 14400.0000", 1.5)])
def test_a_page_is_as_large_as_its_dots_say(tmp_path, dpi, page, unit):
    work = RenderedMap(window=Window(2.0**20, 0, 0, 210, 300), picture=made(True, True), dpi=dpi)
    (path, _) = write(tmp_path / "p.pdf", work)
    found = objects(path.read_bytes())
    assert f"/MediaBox[0 0 {page}]/UserUnit {unit:.6f}".encode() in found[3]
    _, content = stream(found, 4)
    assert content == f"q {page.split()[0]} 0 0 {page.split()[1]} 0 0 cm /Heat Do Q".encode()
