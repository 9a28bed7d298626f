"""Time, size and peak memory of PNG files, against Pillow: ``python benchmarks/png.py [SIDE]``.

The pictures are made up: shared routes with jitter, bare lines and smoothed ones, in a palette and in RGBA.
Every case runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from heatlas.style.colormaps import colormap
from heatlas.style.image import Picture
from heatlas.writers.png import FILE_LEVEL, TILE_LEVEL, encode_png, write_png

WRITERS = ("heatlas", "heatlas, zlib 4", "pillow, level 1", "pillow")


def picture(side: int, smooth: bool, palette: bool) -> Picture:
    rng = np.random.default_rng(1)
    heat = np.zeros((side, side), np.float32)
    for _ in range(side // 25):
        heading = np.cumsum(rng.normal(0, 0.08, 2 * side))
        x = np.cumsum(np.cos(heading)) + rng.uniform(0, side)
        y = np.cumsum(np.sin(heading)) + rng.uniform(0, side)
        for _ in range(rng.integers(1, 12)):
            off = np.convolve(rng.normal(0, 12, 2 * side), np.ones(60) / 60, "same") + rng.normal(0, 2)
            np.add.at(heat, ((y + off).astype(int) % side, (x + off).astype(int) % side), 1)
    if smooth:
        taps = np.exp(-0.5 * (np.arange(-8, 9) / 2.0) ** 2).astype(np.float32)
        for axis in (0, 1):
            heat = sum(
                np.roll(heat, shift, axis) * tap for shift, tap in zip(range(-8, 9), taps / taps.sum(), strict=True)
            )
    low = 0.05
    tone = np.clip(np.log(np.maximum(heat, low * 1e-3) / low) / np.log(heat.max() / low), 0, 1)
    colors = colormap("ember")
    colors[:40, 3] = np.arange(40) * 6
    made = Picture(np.rint(tone * 255).astype(np.uint8), colors)
    return made if palette else Picture(made.rgba)


def save(made: Picture, writer: str, path: Path) -> None:
    if writer.startswith("heatlas"):
        with path.open("wb") as file:
            write_png(file, made, level=4 if "zlib" in writer else FILE_LEVEL)
        return
    if made.palette is None:
        image = Image.fromarray(made.pixels)
    else:
        image = Image.fromarray(made.pixels).convert("P")
        image.putpalette(made.palette.tobytes(), "RGBA")
    image.save(path, "PNG", **({"compress_level": 1} if "level 1" in writer else {}))


def peak_memory(reset: bool = False) -> float:
    """Peak of resident memory, MB; reset sets it back to what is in use (Linux)."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def one(side: int, smooth: bool, palette: bool, writer: str) -> None:
    cache = Path(tempfile.gettempdir()) / f"heatlas-bench-{side}-{smooth}-{palette}.npz"
    if not cache.exists():
        made = picture(side, smooth, palette)
        np.savez(cache, pixels=made.pixels, **({} if made.palette is None else {"palette": made.palette}))
        del made
        subprocess.run([sys.executable, __file__, str(side), str(smooth), str(palette), writer], check=True)
        return
    with np.load(cache) as arrays:
        made = Picture(arrays["pixels"], arrays.get("palette"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heat.png"
        save(Picture(made.pixels[:64, :64].copy(), made.palette), writer, path)
        before = peak_memory(reset=True)
        start = time.perf_counter()
        save(made, writer, path)
        seconds = time.perf_counter() - start
        case = f"{side} px {'smooth' if smooth else 'lines'}, {'palette' if palette else 'RGBA'}: {writer}"
        size, memory = path.stat().st_size / 1e6, peak_memory() - before
        print(f"{case:45} {seconds:6.2f} s {size:7.2f} MB, memory +{memory:4.0f} MB", flush=True)


def tiles() -> None:
    for smooth in (False, True):
        big = picture(2048, smooth, True)
        parts = [
            Picture(np.ascontiguousarray(big.pixels[y : y + 256, x : x + 256]), big.palette)
            for y in range(0, 2048, 256)
            for x in range(0, 2048, 256)
        ]
        times = []
        for _ in range(5):
            start = time.perf_counter()
            sizes = [len(encode_png(part, level=TILE_LEVEL)) for part in parts]
            times.append((time.perf_counter() - start) / len(parts))
        kind = "smooth" if smooth else "lines"
        print(f"256 px tile, {kind}: {min(times) * 1e3:.2f} ms, {np.mean(sizes):.0f} bytes", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        one(int(sys.argv[1]), sys.argv[2] == "True", sys.argv[3] == "True", sys.argv[4])
    else:
        tiles()
        for smooth in (False, True):
            for palette in (True, False):
                for writer in WRITERS:
                    case = [sys.argv[1] if len(sys.argv) > 1 else "4096", str(smooth), str(palette), writer]
                    subprocess.run([sys.executable, __file__, *case], check=True)
