"""Groups of options that say how heat is drawn: colours, the part of the world, kernels, pictures and films."""

from __future__ import annotations

from heatlas.core.frozen import frozen
from heatlas.options.option import option, switch

__all__ = ["FilmOptions", "KernelOptions", "LabelOptions", "PictureOptions", "StyleOptions", "ViewportOptions"]

_PAINTED = ("picture", "film")
_OF_POINTS = ("picture", "film", "tiles", "page")
_NAMED = ("picture", "film", "tiles", "page")
_LENGTH = "float"


@frozen(kw_only=True)
class StyleOptions:
    """Tone and colours."""

    tone: str | None = option(
        "CURVE|LO:HI",
        "log, linear, sqrt, rank; local: relative to the surroundings, local:0.5 with that share of the whole map's; "
        "LO:HI for a fixed range in the legend's unit, log:LO:HI. Default: log for counts and sums, linear for means.",
    )
    colormap: str | None = option(
        "NAME|STOPS",
        "A name (see `heatlas info --colormaps`) or stops: #000,#f00,#ff0.",
        takes="Sequence[Any] | Callable[..., Any]",
    )
    background: str | None = option(
        "NAME",
        "none, dark, light, a colour such as white, or #rrggbb.  [default: none; of films and pages dark]",
        kinds=("picture", "film", "page"),
        takes="Sequence[float]",
    )
    legend: bool = switch("Draw a bar with numbers and their unit.", kinds=_PAINTED)


@frozen(kw_only=True)
class ViewportOptions:
    """Part of the world that is drawn, and its resolution."""

    bbox: str | None = option(
        "W,S,E,N", "A box in degrees; by default the busiest place is drawn. Of a page: where it opens.",
        kinds=(*_PAINTED, "page"), takes="Sequence[float] | Any",
    )  # fmt: skip
    around: str | None = option(
        "LAT,LON,RADIUS",
        "A circle's bounding box, e.g. 60.17,24.94,5km.",
        kinds=_PAINTED,
        takes="Sequence[float | str]",
    )
    all: bool = switch("All activities, however far apart.", kinds=_PAINTED)
    zoom: float | str | None = option("Z|A-B", "Zoom of web maps (256 px tiles); of tiles a range, such as 0-16.")
    resolution: str | None = option(
        "LENGTH", "True ground metres per pixel at the centre, e.g. 1m.", kinds=_PAINTED, takes=_LENGTH
    )
    width: int | None = option("PX", "Width of the picture in pixels.", kinds=_PAINTED, limits=(1, None))


@frozen(kw_only=True)
class KernelOptions:
    """Kernel of points: its radius and its shape."""

    radius: str | None = option(
        "LENGTH",
        "Points: how far each point spreads, on the screen (15px) or on the ground (500m, 100km); 0px for bare pixels. "
        " [default: 15px]",
        kinds=_OF_POINTS,
        takes="Literal[0]",
    )
    kernel: str | None = option(
        "",
        "Points: the shape in which each point spreads.  [default: gaussian]",
        kinds=_OF_POINTS,
        choices=("gaussian", "linear", "quartic", "epanechnikov", "uniform"),
    )
    density: bool = switch("Points: values per square kilometre.", kinds=_OF_POINTS)


@frozen(kw_only=True)
class PictureOptions:
    """Options that only pictures have."""

    facet: str | None = option(
        "",
        "Tracks: small pictures side by side in one tone, one for each of these; .png or .webp, --width of them all.",
        kinds=("picture",),
        choices=("month", "year", "sport", "weekday", "gear"),
    )
    scale_bar: bool = switch("Draw a bar of true metres.", kinds=("picture",))
    rgba: bool = switch("Colours, not values, in a .tif.", kinds=("picture",))
    garmin: bool = switch("A .kmz of small JPEGs, for Garmin's devices.", kinds=("picture",))
    dpi: float | None = option(
        "N", "Pixels per inch of a .pdf or a poster.  [default: 300]", kinds=("picture",), limits=(1, None)
    )
    paper: str | None = option(
        "SIZE",
        "A poster, .pdf or .png: A4, A3, A2 ... or width and height, such as 50x70cm. It is composed around what is "
        "drawn, with title, legend and scale bar below.",
        kinds=("picture",),
    )
    margin: str | None = option(
        "LENGTH", "With --paper: room around, e.g. 15mm.  [default: some 5 % of the shorter side]", kinds=("picture",)
    )
    bleed: str | None = option(
        "LENGTH", "With --paper, in a .pdf: colour beyond the trimmed edge, e.g. 3mm, with crop marks.",
        kinds=("picture",),
    )  # fmt: skip
    figures: bool = switch("With --paper: kilometres, hours, activities, years and places.", kinds=("picture",))
    theme: str | None = option(
        "", "A ground and colours that go together, unless --background or --colormap say others.",
        kinds=("picture",), choices=("night", "paper", "ink", "blueprint", "sand", "forest", "rose"),
    )  # fmt: skip


@frozen(kw_only=True)
class FilmOptions:
    """Time in a film."""

    every: str | None = option(
        "TIME",
        "Tiles: go on, and read the sources again so often, e.g. 10min; also databases. Films: frames end with whole "
        "ones: day, week, month, season, 3d.  [default: time runs evenly]",
        kinds=("film", "tiles"),
        takes="int",
    )
    span: str | None = option(
        "TIME",
        "Films: how long an activity or a point stays: 30d, 4w, 1y; by default for good.",
        kinds=("film",),
        takes="int",
    )
    size: str | None = option(
        "W:H",
        "Films: form of the whole, such as 1:1, 9:16, 16:9; the map is composed in it.  [default: that of the map]",
        kinds=("film",),
    )
    opening: str | None = option(
        "TIME",
        "Films: the finished map first, for so long, as many services show the first frame alone.  [default: none]",
        kinds=("film",), takes="float",
    )  # fmt: skip
    duration: str | None = option(
        "TIME",
        "Films: length of the film; the last frame then stays for 2 s.  [default: 20s]",
        kinds=("film",),
        takes="float",
    )
    fps: float | None = option(
        "N",
        "Films: frames a second.  [default: 30 for .mp4, 12.5 for .gif, 15 for .webp]",
        kinds=("film",),
        limits=(1, 60),
    )


@frozen(kw_only=True)
class LabelOptions:
    """Title and attribution, on pictures and in published maps."""

    title: str | None = option(
        "TEXT",
        "Large on pictures and films; the name of tiles and pages. {place} in it becomes the name of "
        "the place, e.g. Tampere, Finland.",
        kinds=_NAMED,
    )
    attribution: str | None = option("TEXT", "A credit; on pictures and films at the edge.", kinds=_NAMED)
