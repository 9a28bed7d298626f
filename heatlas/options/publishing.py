"""Groups of options of what is published or served: tiles, pages, their limits, and explorer tiles."""

from __future__ import annotations

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.options.option import option, refuse, switch

__all__ = ["LEAST", "ExplorerOptions", "PageOptions", "PublicOptions", "SiteOptions", "TileOptions", "least_of"]

LEAST = 5
"""Activities that a filter, a layer or a step of a film must have by default to be public."""
_PUBLISHED = ("tiles", "page", "film")


@frozen(kw_only=True)
class TileOptions:
    """Form of tiles, and when they are written again."""

    format: str | None = option("", "Tiles: their form.  [default: png]", kinds=("tiles",), choices=("png", "webp"))
    refit: bool = switch(
        "Tiles: fit new scales; by default the old ones stay while they are about right.", kinds=("tiles",)
    )
    watch: bool = switch(
        "Tiles: go on, and draw again what changes in a library, or in folders and files.", kinds=("tiles",)
    )
    url: str | None = option(
        "URL", "Tiles: the address at which the folder will be published, for its tiles.json.", kinds=("tiles",)
    )


@frozen(kw_only=True)
class PageOptions:
    """Layers and base map of a page."""

    layers: str | None = option(
        "BY",
        "Pages: layers to switch between: sport, year, month, gear and measures, e.g. sport,year or passes,pace. "
        "Each layer has its own scale, unless --tone LO:HI fixes it.",
        kinds=("page",),
    )
    basemap: str | None = option(
        "URL|FILE",
        "Pages: map tiles {z}/{x}/{y} that the viewer may switch on; by default OpenStreetMap's, which only pages on "
        "the web may show. These, pictures and folders of tiles: a file of streets, e.g. town.pmtiles. Pictures: "
        "world, for coasts and borders.",
        kinds=("page", "picture", "tiles"),
        takes="Mapping[str, str]",
    )
    explorer: int | None = option(
        "Z",
        "Pages and folders of tiles: tiles of this zoom that activities visit, with the largest square and cluster, as "
        "a layer to switch on; what is shown is counted.",
        kinds=("tiles", "page"),
        limits=(10, 17),
    )


@frozen(kw_only=True)
class PublicOptions:
    """Limits of what is published for everybody."""

    public: bool = switch(
        "Tiles, pages, films: leave out private activities, and groups of a few activities.",
        kinds=_PUBLISHED,
    )
    public_least: int | None = option(
        "N",
        "With --public: the least number of activities that a filter or a layer must have.  [default: 5]",
        kinds=_PUBLISHED,
        limits=(1, None),
    )
    at_least: int | None = option(
        "N",
        "Tracks: show only pixels that at least so many different people passed, from zoom 15 on with the pixels "
        "around; needs --person. 0: no threshold.  [default: 5 with --public, if persons are named]",
        limits=(0, None),
    )
    round: int | None = option(
        "N",
        "Tracks: round counts to multiples of this, so that the difference of two maps does not tell single passes.",
        limits=(1, None),
    )

    def check(self) -> None:
        """Refuse a number that would be ignored.

        Raises
        ------
        BadOption
            When `public_least` is given without `public`.
        """
        if self.public_least is not None and not self.public:
            raise BadOption("--public-least is for --public, which leaves out what is of a few: say both or none")


@frozen(kw_only=True)
class SiteOptions:
    """Access to a server, and the limits of what it shows."""

    public: bool = switch("Hide names, times and who passed where: for everybody to see.", kinds=())
    public_measures: str | None = option(
        "NAMES",
        "Public: also show these measures, and give their numbers (.npy), e.g. heart_rate,passes.",
        kinds=(),
        takes="Collection[str]",
    )
    public_least: int | None = option(
        "N", "Public: activities that a filter must leave to be answered.  [default: 5]", kinds=(), limits=(1, None)
    )
    at_least: int | None = option(
        "N",
        "Public: show only pixels that at least so many different people passed, from zoom 15 on with the pixels "
        "around. 0: no threshold.  [default: 5 if persons are named]",
        kinds=(),
        limits=(0, None),
    )
    utc: bool = switch("Days and hours of UTC, not of the places where activities began.", kinds=())
    token: str | None = option(
        "SECRET",
        "A password that clients must send; needed for access from other machines. Also HEATLAS_TOKEN.",
        kinds=(),
    )
    basemap: str | None = option(
        "URL|FILE",
        "Map tiles {z}/{x}/{y} beneath, fetched by the browser alone; or a file of streets, e.g. town.pmtiles.",
        kinds=(),
        takes="Mapping[str, str]",
    )

    def check(self) -> SiteOptions:
        """Refuse what would be ignored, or could not be sent; return the options.

        Raises
        ------
        BadOption
            When the token cannot be written in an address, or an option for a public map is given without `public`.
        """
        if self.token is not None and not (self.token and self.token.isascii() and self.token.isprintable()):
            raise BadOption("a token must be printable ASCII, and not empty")
        if not self.public:
            reason = "a --public map: any other shows all that there is"
            refuse(self, reason, "public_measures", "public_least", "at_least")
        return self


@frozen(kw_only=True)
class ExplorerOptions:
    """Which explorer tiles are counted, and where missing ones are looked for."""

    zoom: int | None = option("Z", "Zoom of the tiles: 14, 17, or any up to 25.  [default: 14]", limits=(0, 25))
    missing: bool = switch("List the tiles that nobody has visited around a place, nearest first.")
    around: str | None = option(
        "LAT,LON,RADIUS",
        "Where --missing looks, and what a .png shows, e.g. 60.17,24.94,5km.",
        takes="Sequence[float | str]",
    )
    all: bool = switch("A .png of all tiles, however far apart; by default of the busiest place.")
    width: int | None = option("PX", "Width of a .png in pixels, about.  [default: some 1600]", limits=(1, None))
    public: bool = switch(
        "For everybody: count what is shown, not whole tracks, without private activities, days and history.",
    )
    public_least: int | None = option(
        "N", "With --public: activities that a filter must leave.  [default: 5]", limits=(1, None)
    )
    at_least: int | None = option(
        "N",
        "With --public: people who must have visited a tile. 0: no threshold.  [default: 5 if persons are named]",
        limits=(0, None),
    )


def least_of(asked: PublicOptions | SiteOptions | ExplorerOptions) -> int:
    """Activities that a filter, a layer or a step of a film must have to be public."""
    return LEAST if asked.public_least is None else asked.public_least
