"""Make the pictures of these pages with heatlas itself: ``python docs/make_pictures.py [NAME...]``.

What maps show is the export that `heatlas demo` makes; what single pixels show are tracks made here. Everything is
the same each time, so a picture changes only when heatlas does.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    import heatlas

    Panel = tuple[str, Image.Image]

PICTURES = Path(__file__).with_name("pictures")
GROUND, INK, FAINT = (14, 17, 22), (236, 236, 232), (150, 155, 165)
PLACE = (47.8, 10.9)
"""Latitude and longitude around which tracks are made."""
HOME = (47.7790, 10.8792)
"""Where the runner of the demo lives."""


# Pictures put side by side, with words above them.


def font(size: int) -> Any:
    """Pillow's own font: the same on every machine."""
    return ImageFont.load_default(size)


def panels(found: Sequence[Panel], columns: int = 0, gap: int = 14) -> Image.Image:
    """Lay pictures out in rows, each under its title."""
    columns = columns or len(found)
    width = max(picture.width for _, picture in found)
    height = max(picture.height for _, picture in found) + 24
    rows = -(-len(found) // columns)
    size = columns * (width + gap) + gap, rows * (height + gap) + gap
    sheet = Image.new("RGB", size, GROUND)
    draw = ImageDraw.Draw(sheet)
    for k, (title, picture) in enumerate(found):
        x, y = gap + k % columns * (width + gap), gap + k // columns * (height + gap)
        draw.text((x, y), title, INK, font(14))
        sheet.paste(picture, (x, y + 24))
    return sheet


def rendered(source: Any, **options: Any) -> Image.Image:
    """What `heatlas render` makes of something."""
    import heatlas

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "heat.png"
        heatlas.render(source, output=path, **{"background": "dark", **options})
        return Image.open(path).convert("RGB").copy()


# Single pixels, with their numbers.


def ground(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitudes and longitudes of metres east and north of PLACE."""
    return PLACE[0] + y / 111_200, PLACE[1] + x / (111_320 * np.cos(np.radians(PLACE[0])))


def tracks_of(*paths: tuple[NDArray[np.float64], ...]) -> heatlas.Tracks:
    """Tracks of metres east and north and seconds, one for each path."""
    import heatlas

    found = [(k, *ground(x, y), time) for k, (x, y, time) in enumerate(paths)]
    columns = {name: np.concatenate([np.atleast_1d(one[c]) for one in found])
               for c, name in ((1, "lat"), (2, "lon"), (3, "time"))}  # fmt: skip
    trip = np.concatenate([np.full(len(one[1]), one[0]) for one in found])
    return heatlas.open({**columns, "trip": trip}, track="trip")


def window_around(pixel: float, columns: int, rows: int) -> heatlas.Window:
    """A window around PLACE with pixels of so many metres."""
    from heatlas.core.mercator import from_lonlat, ground_metres
    from heatlas.core.window import Window

    u, v = from_lonlat(PLACE[1], PLACE[0])
    scale = float(ground_metres(v)[0]) / pixel
    return Window(scale, round(float(u) * scale) - columns // 2, round(float(v) * scale) - rows // 2, columns, rows)


def numbers(values: NDArray[Any], window: heatlas.Window, tracks: heatlas.Tracks, side: int = 26) -> Image.Image:
    """Pixels as large squares, each with its number; fixes as dots."""
    from heatlas.style.colormaps import colormap

    known = np.nan_to_num(np.asarray(values, float))
    share = np.log1p(known) / max(np.log1p(known).max(), np.log(10))
    colours = colormap("ember")[np.rint(share * 200).astype(int), :3]
    colours[known <= 0] = (26, 30, 37)
    picture = Image.fromarray(np.repeat(np.repeat(colours, side, 0), side, 1))
    draw = ImageDraw.Draw(picture)
    for edge in range(0, max(picture.size), side):
        draw.line((edge, 0, edge, picture.height), GROUND)
        draw.line((0, edge, picture.width, edge), GROUND)
    for batch in tracks.batches:
        for u, v in zip(batch.u * window.scale - window.x, batch.v * window.scale - window.y, strict=True):
            draw.ellipse((u * side - 1.5, v * side - 1.5, u * side + 1.5, v * side + 1.5), (120, 200, 255))
    for row, column in np.argwhere(known > 0):
        middle, text = ((column + 0.5) * side, (row + 0.5) * side), f"{known[row, column]:.0f}"
        ink, rim = GROUND if share[row, column] > 0.6 else INK, tuple(colours[row, column].tolist())
        draw.text(middle, text, ink, font(12), "mm", stroke_width=3, stroke_fill=rim)
    return picture


def counted(measure: str, tracks: heatlas.Tracks, window: heatlas.Window, side: int = 26) -> Image.Image:
    """A measure, not smoothed, pixel by pixel."""
    return numbers(tracks.heat(measure, window, "0").bare.values, window, tracks, side)


def line(points: Sequence[tuple[float, float]], speed: float = 3.0, start: float = 1.7e9) -> tuple[Any, ...]:
    """A path through points at a steady speed, a fix each second."""
    corners = np.array(points, float)
    along = np.concatenate(([0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))))
    at = np.arange(0, along[-1], speed)
    return np.interp(at, along, corners[:, 0]), np.interp(at, along, corners[:, 1]), start + np.arange(len(at))


def passes(_: Path) -> Image.Image:
    """A wait at a light is no second pass; a lap is one."""
    rng = np.random.default_rng(4)
    x, y, _ = line([(-70, 2), (70, 2)])
    half, wait = len(x) // 2, 60
    jitter = np.clip(rng.normal(0, 2.6, (2, wait)), -4.5, 4.5)  # what a receiver says of someone who stands
    x = np.concatenate((x[:half], x[half] + jitter[0], x[half:]))
    y = np.concatenate((y[:half], y[half] + jitter[1], y[half:]))
    waiting = tracks_of((x, y, 1.7e9 + np.arange(len(x))))
    turn = 0.2 + np.linspace(0, 4 * 2 * np.pi - 0.1, 4 * 40)
    laps = tracks_of(line(list(zip(48 * np.cos(turn), 22 * np.sin(turn), strict=True))))
    window = window_around(10, 14, 7)
    return panels([
        ("fixes: one each second, with a wait of a minute", counted("fixes", waiting, window)),
        ("passes of the same track", counted("passes", waiting, window)),
        ("passes of four laps", counted("passes", laps, window)),
        ("activities of four laps", counted("activities", laps, window)),
    ], columns=2)  # fmt: skip


def zooms(_: Path) -> Image.Image:
    """Counts of a coarse pixel are no sums of fine ones; metres are."""
    tracks = tracks_of(line([(-60, -25), (60, 31)]), line([(-60, 30), (60, -20)]))
    fine = window_around(10, 12, 8)
    coarse = type(fine)(fine.scale / 2, fine.x // 2, fine.y // 2, 6, 4)
    fine = type(fine)(fine.scale, coarse.x * 2, coarse.y * 2, 12, 8)
    bare = tracks.heat("passes", fine, "0").bare.total
    summed = bare.reshape(4, 2, 6, 2).sum(axis=(1, 3))
    big = numbers(summed, coarse, tracks, 40)
    return panels([
        ("passes, two tracks", counted("passes", tracks, fine, 20)),
        ("wrong: sums of 2 x 2 pixels", big),
        ("passes of the coarser zoom", numbers(tracks.heat("passes", coarse, "0").bare.values, coarse, tracks, 40)),
    ])  # fmt: skip


def breaks(_: Path) -> Image.Image:
    """No line across a gap or a jump."""
    x, y, time = line([(-65, -20), (-20, -20), (-5, 15), (65, 15)])
    gap = (x > -22) & (x < 20)
    paused = np.where(x >= 20, time + 900, time)
    astray_y = np.where(np.arange(len(x)) == 36, y + 4000, y)
    window = window_around(10, 14, 6)
    return panels([
        ("fixes all the way", counted("passes", tracks_of((x, y, time)), window, 18)),
        ("15 minutes without a fix", counted("passes", tracks_of((x[~gap], y[~gap], paused[~gap])), window, 18)),
        ("one fix 4 km astray", counted("passes", tracks_of((x, astray_y, time)), window, 18)),
    ])  # fmt: skip


# Maps of the demo export.


def smoothing(export: Path) -> Image.Image:
    """Bare pixels, the default, and what a wide Gaussian makes of them."""
    shown = {"around": "47.7845,10.8805,330m", "resolution": "1.5m"}
    return panels([
        (f"--smooth {width}", rendered(export, smooth=width, **shown)) for width in ("0", "4m", "15m")
    ])  # fmt: skip


def tones(export: Path) -> Image.Image:
    """The four curves, and the local tone with two shares of the global one."""
    shown = {"around": "47.797,10.893,2600m", "width": 400, "legend": True}
    names = ("log", "rank", "local", "sqrt", "linear", "local:0.7")
    return panels([(f"--tone {tone}", rendered(export, tone=tone, **shown)) for tone in names], columns=3)


def measures(export: Path) -> Image.Image:
    """Six measures of one place."""
    shown = {"around": "47.797,10.893,2600m", "width": 400, "legend": True}
    names = ("passes", "seconds", "pace", "max(heart_rate)", "elevation", "grade")
    return panels([(f"--measure {name}", rendered(export, measure=name, **shown)) for name in names], columns=3)


def metrics(export: Path) -> Image.Image:
    """Metrics that are worked out of others."""
    shown = {"around": "47.797,10.893,2600m", "width": 400, "legend": True}
    names = ("flat_pace", "wait", "stops", "share(dark)", "hour", "oneway", "street", "first", "efficiency")
    return panels([(f"--measure {name}", rendered(export, measure=name, **shown)) for name in names], columns=3)


def relations(export: Path) -> Image.Image:
    """Relations of pace and heart rate, of runs."""
    shown = {"around": "47.797,10.893,2600m", "width": 400, "legend": True, "sport": ["Run"]}
    names = ("corr(pace, heart_rate)", "slope(heart_rate ~ pace)", "residual(heart_rate)")
    return panels([(f"--measure '{name}'", rendered(export, measure=name, **shown)) for name in names])


def looks(export: Path) -> Image.Image:
    """Backgrounds and colour maps."""
    shown = {"around": "47.797,10.893,2600m", "width": 300}
    found = [("dark", "ember"), ("dark", "ice"), ("dark", "aurora"), ("dark", "viridis"),
             ("light", "wine"), ("light", "ink"), ("#102030", "orange"), ("#000", "#123,#0af,#fff")]  # fmt: skip
    return panels(
        [(f"{ground}, {name}", rendered(export, background=ground, colormap=name, **shown)) for ground, name in found],
        columns=4,
    )


def hidden(export: Path) -> Image.Image:
    """What is seen around home: everything, without ends, without a zone."""
    at = f"{HOME[0]},{HOME[1]}"
    shown = {"around": f"{at},1100m", "width": 400}
    return panels([
        ("nothing hidden", rendered(export, **shown)),
        ("--clip-ends 300m", rendered(export, clip_ends="300m", **shown)),
        ("--clip-ends 300m --zone ...,350m", rendered(export, clip_ends="300m", zone=[f"{at},350m"], **shown)),
    ])  # fmt: skip


def first(export: Path) -> Image.Image:
    """What the first command of the tutorial makes."""
    return rendered(export, legend=True, width=900)


def ground_metres(_: Path) -> Image.Image:
    """Points at several latitudes, with a radius on the ground and on the screen."""
    points = {"lat": np.array([0.0, 25, 45, 60, 70]), "lon": np.array([-40.0, -20, 0, 20, 40])}
    shown = {"bbox": "-62,-12,62,77", "width": 480, "tone": "0.1:1"}
    return panels([
        (f"--radius {radius}: points at 0, 25, 45, 60 and 70 degrees", rendered(points, radius=radius, **shown))
        for radius in ("700km", "40px")
    ])  # fmt: skip


def poster(export: Path) -> Image.Image:
    """Title, scale bar, legend and attribution."""
    words = {"title": "Two years in the valley", "attribution": "my own tracks"}
    return rendered(export, around="47.797,10.893,5km", width=800, scale_bar=True, legend=True, **words)


def demo(export: Path) -> Image.Image:
    """What the first page shows: the same options as beneath it."""
    return rendered(export, legend=True, clip_ends="200m", around="47.797,10.898,5200m", width=1400)


def sheet(export: Path) -> Image.Image:
    """A sheet of paper around the map."""
    return rendered(
        export, paper="A4", dpi=80, figures=True, legend=True, scale_bar=True, theme="sand", background=None
    )


def explorer(export: Path) -> Image.Image:
    """Explorer tiles of zoom 14 and 17."""
    import heatlas

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for zoom, width in ((14, 560), (17, 560)):
            path = Path(folder) / f"{zoom}.png"
            heatlas.explore(
                export, output=path, zoom=zoom, background="dark", legend=True, width=width, around="47.798,10.898,6km"
            )
            found.append((f"--zoom {zoom}", Image.open(path).convert("RGB").copy()))
    return panels(found)


MAKERS: dict[str, Callable[[Path], Image.Image]] = {
    "passes": passes, "zooms": zooms, "breaks": breaks, "smoothing": smoothing, "tones": tones, "measures": measures,
    "looks": looks, "hidden": hidden, "first": first, "ground": ground_metres, "poster": poster,
    "sheet": sheet, "demo": demo, "explorer": explorer, "metrics": metrics, "relations": relations,
}  # fmt: skip
"""Name of a picture -> what makes it out of the demo export."""
FILMS = {"growing": {"every": "month", "width": 260, "duration": "6s", "fps": 4}}
"""Name of a moving picture -> options."""


def main(names: Sequence[str]) -> None:
    """Make pictures, all of them when none is named."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        # A secret of its own: what is hidden is hidden in the same way for everybody who makes these pictures.
        os.environ["HEATLAS_CONFIG"] = folder
        (Path(folder) / "secret").write_text("68656174" * 8)
        import heatlas

        export = Path(folder) / "my-export"
        heatlas.write_demo(export)
        for name in names or [*MAKERS, *FILMS]:
            if name in FILMS:
                heatlas.render(export, output=PICTURES / f"{name}.webp", **FILMS[name])
                continue
            picture = MAKERS[name](export)
            path = PICTURES / f"{name}.png"
            few = picture.quantize(255, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
            few.save(path, optimize=True)
            print(path.name, picture.size, f"{path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main(sys.argv[1:])
