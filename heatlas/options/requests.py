"""All options of one function."""

from __future__ import annotations

from dataclasses import field

from heatlas.core.frozen import frozen
from heatlas.options.choosing import FilterOptions, GapOptions, HidingOptions, PointSetOptions, TableOptions
from heatlas.options.drawing import (
    FilmOptions,
    KernelOptions,
    LabelOptions,
    PictureOptions,
    StyleOptions,
    ViewportOptions,
)
from heatlas.options.following import ServedFolderOptions
from heatlas.options.measuring import AthleteOptions, MetricOptions
from heatlas.options.option import option, switch
from heatlas.options.publishing import ExplorerOptions, PageOptions, PublicOptions, SiteOptions, TileOptions
from heatlas.options.reading import ReadingOptions
from heatlas.options.running import EngineOptions

__all__ = [
    "KEYWORDS", "ExploreOptions", "ImportOptions", "InspectOptions", "OpenOptions", "PrepareOptions",
    "RenderOptions", "ServeOptions",
]  # fmt: skip


@frozen(kw_only=True)
class RenderOptions:
    """Options of `heatlas.render`."""

    measure: str | None = option(
        "NAME",
        "Visits: passes, activities, people, days, fixes, seconds, metres. Movement: pace, speed, flat_pace (or gap), "
        "best, wait, stops. Body: heart_rate, heart_rate_reserve (or hrr), zone, cadence, power, efficiency, "
        "watts_per_beat, decoupling, normalised_power. Terrain: elevation, grade, climb, up, down, vam, temperature. "
        "Direction: bearing, street, oneway. Time: hour, month, first, last, share(dark). Relations: both(X, Y), "
        "corr(X, Y), slope(Y ~ X), residual(heart_rate), diff(METRIC; FILTER; FILTER). Or "
        "mean|min|max|std|sum of a metric, e.g. max(power); share(CONDITION), e.g. share(heart_rate >= 150). "
        "`heatlas info` lists what the data allow. Of points: sum, count, mean, min, max.  "
        "[default: passes; of points the sum of the weights]",
    )
    smooth: str | None = option(
        "WIDTH",
        "Standard deviation of the Gaussian, e.g. 4m or 2px; 0 for none.  [default: 4m, at least 1px]",
        takes="Literal[0]",
    )
    own: MetricOptions = field(default_factory=MetricOptions)
    athlete: AthleteOptions = field(default_factory=AthleteOptions)
    style: StyleOptions = field(default_factory=StyleOptions)
    frame: ViewportOptions = field(default_factory=ViewportOptions)
    tables: TableOptions = field(default_factory=TableOptions)
    read: ReadingOptions = field(default_factory=ReadingOptions)
    points: KernelOptions = field(default_factory=KernelOptions)
    filter: FilterOptions = field(default_factory=FilterOptions)
    hiding: HidingOptions = field(default_factory=HidingOptions)
    gaps: GapOptions = field(default_factory=GapOptions)
    picture: PictureOptions = field(default_factory=PictureOptions)
    film: FilmOptions = field(default_factory=FilmOptions)
    labels: LabelOptions = field(default_factory=LabelOptions)
    tiles: TileOptions = field(default_factory=TileOptions)
    page: PageOptions = field(default_factory=PageOptions)
    public: PublicOptions = field(default_factory=PublicOptions)
    running: EngineOptions = field(default_factory=EngineOptions)


@frozen(kw_only=True)
class ImportOptions:
    """Options of an import into a library."""

    hiding: HidingOptions = field(default_factory=HidingOptions)
    gaps: GapOptions = field(default_factory=GapOptions)
    athlete: AthleteOptions = field(default_factory=AthleteOptions)
    tables: TableOptions = field(default_factory=TableOptions)
    read: ReadingOptions = field(default_factory=ReadingOptions)
    rows: PointSetOptions = field(default_factory=PointSetOptions)


@frozen(kw_only=True)
class ServeOptions:
    """Options of `heatlas serve`."""

    site: SiteOptions = field(default_factory=SiteOptions)
    own: MetricOptions = field(default_factory=MetricOptions)
    athlete: AthleteOptions = field(default_factory=AthleteOptions)
    gaps: GapOptions = field(default_factory=GapOptions)
    tables: TableOptions = field(default_factory=TableOptions)
    read: ReadingOptions = field(default_factory=ReadingOptions)
    rows: PointSetOptions = field(default_factory=PointSetOptions)
    folders: ServedFolderOptions = field(default_factory=ServedFolderOptions)

    @property
    def reading(self) -> ImportOptions:
        """Options of the import into a temporary library."""
        return ImportOptions(gaps=self.gaps, athlete=self.athlete, tables=self.tables, read=self.read, rows=self.rows)


@frozen(kw_only=True)
class OpenOptions:
    """Options of `heatlas.open`."""

    tables: TableOptions = field(default_factory=TableOptions)
    read: ReadingOptions = field(default_factory=ReadingOptions)
    gaps: GapOptions = field(default_factory=GapOptions)


@frozen(kw_only=True)
class InspectOptions:
    """Options of `heatlas.inspect`."""

    tables: TableOptions = field(default_factory=TableOptions)
    read: ReadingOptions = field(default_factory=ReadingOptions)


@frozen(kw_only=True)
class ExploreOptions:
    """What can be asked of `heatlas.explore`."""

    explorer: ExplorerOptions = field(default_factory=ExplorerOptions)
    filter: FilterOptions = field(default_factory=FilterOptions)
    style: StyleOptions = field(default_factory=StyleOptions)
    labels: LabelOptions = field(default_factory=LabelOptions)
    hiding: HidingOptions = field(default_factory=HidingOptions)
    gaps: GapOptions = field(default_factory=GapOptions)
    tables: TableOptions = field(default_factory=TableOptions)
    read: ReadingOptions = field(default_factory=ReadingOptions)


@frozen(kw_only=True)
class PrepareOptions:
    """Options of `heatlas.prepare`."""

    tables: TableOptions = field(default_factory=TableOptions)
    read: ReadingOptions = field(default_factory=ReadingOptions)
    fixes: int | None = option(
        "N", "Fixes of a file, about; a person is never cut.  [default: 10000000]", limits=(1, None)
    )
    round_positions: bool = switch("Round positions to 1e-7 degrees (1 cm); by default only where that loses nothing.")


KEYWORDS: dict[str, type] = {
    "ExploreKeywords": ExploreOptions,
    "ImportKeywords": ImportOptions,
    "InspectKeywords": InspectOptions,
    "OpenKeywords": OpenOptions,
    "PrepareKeywords": PrepareOptions,
    "RenderKeywords": RenderOptions,
    "SiteKeywords": SiteOptions,
    "TableKeywords": TableOptions,
}
"""Name of a type of keywords in `heatlas.options.keywords` -> the dataclass that they fill."""
