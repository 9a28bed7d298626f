"""What files of every kind of output hold, decoded: pixels, values and words, not how they are compressed."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import sqlite3
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence
from publishing import READERS, folder_tiles

_LONGEST = 3000
"""Characters of a text that is given as it is; of longer ones a digest."""
_PICTURES = {".png", ".webp", ".gif", ".jpg", ".jpeg"}


def digest(*parts) -> str:
    made = hashlib.sha256()
    for part in parts:
        made.update(part if isinstance(part, bytes) else repr(part).encode())
        made.update(b"\0")
    return made.hexdigest()[:20]


def array(values) -> str:
    values = np.ascontiguousarray(values)
    return f"{values.dtype} {values.shape} {digest(values.tobytes())}"


def text(words: str):
    return words if len(words) <= _LONGEST else f"{len(words)} characters {digest(words.encode())}"


def picture(data: bytes) -> dict:
    """Pixels of every frame, and what is said beside them."""
    with Image.open(io.BytesIO(data)) as opened:
        info = {key: str(value) for key, value in opened.info.items() if key not in {"transparency", "duration"}}
        found = {"mode": opened.mode, "size": list(opened.size), "info": digest(sorted(info.items()))}
        frames, durations = [], []
        for frame in ImageSequence.Iterator(opened):
            frames.append(digest(frame.convert("RGBA").tobytes()))
            durations.append(frame.info.get("duration"))
    if len(frames) > 1:
        return {**found, "frames": len(frames), "durations": digest(durations), "pixels": digest(frames)}
    return {**found, "pixels": frames[0]}


def tiles(found: dict) -> dict:
    """Of every zoom the number of tiles, and a digest of where they are and of their pixels."""
    by_zoom: dict[int, list] = {}
    for (z, x, y), data in sorted(found.items()):
        by_zoom.setdefault(z, []).append((x, y, picture(data)))
    return {str(z): f"{len(drawn)} tiles {digest(drawn)}" for z, drawn in by_zoom.items()}


def decoded(path: Path):
    """What lies under a name, as plain data."""
    ending = path.suffix.lower()
    if path.is_dir():
        form = "webp" if next(path.glob("*/*/*.webp"), None) else "png"
        beside = [item for item in sorted(path.iterdir()) if item.is_file() and item.name[0] != "."]
        return {"tiles": tiles(folder_tiles(path, form)), **{item.name: decoded(item) for item in beside}}
    if ending in _PICTURES:
        return picture(path.read_bytes())
    if ending == ".npy":
        return array(np.load(path))
    if ending in READERS:
        return {"tiles": tiles(READERS[ending](path)), "said": _said_beside(path)}
    if special := {".tif": _geotiff, ".kmz": _kmz, ".pdf": _pdf, ".html": _page, ".mp4": _film}.get(ending):
        return special(path)
    words = path.read_text()
    return json.loads(words) if ending == ".json" else text(words)


def _geotiff(path):
    import rasterio

    with rasterio.open(path) as opened:
        profile = {key: str(value) for key, value in sorted(opened.profile.items())}
        described = [opened.descriptions, opened.tags(), opened.tags(1), opened.colorinterp, opened.overviews(1)]
        return {"profile": profile, "described": digest(described), "values": array(opened.read())}


def _kmz(path):
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            data = archive.read(name)
            found[name] = picture(data) if Path(name).suffix in _PICTURES else text(data.decode())
    return {"files": len(found), "held": digest(sorted(found.items(), key=str)), "doc.kml": found.get("doc.kml")}


def _pdf(path):
    found = []
    for head, body in re.findall(rb"<<([^\n]*)>>\nstream\n(.*?)\nendstream", path.read_bytes(), re.DOTALL):
        found.append((head, zlib.decompress(body) if b"FlateDecode" in head else body))
    objects = re.findall(rb"\n(<<[^\n]*>>)\nendobj", path.read_bytes())
    return {"streams": [digest(*each) for each in found], "objects": digest(*objects)}


def _page(path):
    """The tiles, the data and the rest of a page, each by itself."""
    words = path.read_text()
    pieces: dict[str, bytes] = {}
    for layer, piece in re.findall(r'<script type="text/plain" id="a(\d+)-\d+">([^<]*)</script>\n', words):
        pieces[layer] = pieces.get(layer, b"") + base64.b64decode(piece)
    found = {}
    for layer, data in pieces.items():
        archive = path.with_name(f".layer-{layer}.pmtiles")
        archive.write_bytes(data)
        found[f"layer {layer}"] = tiles(READERS[".pmtiles"](archive))
        archive.unlink()
    held = [json.loads(each) for each in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', words)]
    for data in held:
        for each in data.get("layers", ()) if isinstance(data, dict) else ():
            each.pop("archive")
    rest = re.sub(r"<script type=\"(text/plain|application/json)\".*?</script>\n?", "", words, flags=re.DOTALL)
    return {**found, "data": [data if len(str(data)) < 20_000 else digest(data) for data in held], "page": text(rest)}


def _film(path):
    from imageio_ffmpeg import read_frames

    frames = read_frames(str(path))
    about = next(frames)
    pixels = [digest(frame) for frame in frames]
    return {"size": about["size"], "fps": about["fps"], "frames": len(pixels), "pixels": digest(pixels)}


def _said_beside(path):
    """What an archive says of itself beside its tiles."""
    if path.suffix == ".pmtiles":
        from pmtiles.reader import MmapSource, Reader

        with path.open("rb") as file:
            reader = Reader(MmapSource(file))
            header = {
                name: str(value) for name, value in reader.header().items() if not re.search("offset|length", name)
            }
            return {"header": header, "metadata": reader.metadata()}
    link = sqlite3.connect(path)
    table = "metadata" if path.suffix == ".mbtiles" else "info"
    rows = sorted(link.execute(f"SELECT * FROM {table}").fetchall(), key=str)
    link.close()
    return [list(row) for row in rows]
