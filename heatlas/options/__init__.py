"""Options of heatlas; each is declared once, as a field of a frozen dataclass.

============ ==============================================================
`option`     a field that is an option, and the options of a dataclass
`choosing`   groups: rows and columns of tables, filters, what is hidden
`reading`    groups: what is read of sources
`measuring`  groups: metrics that people define, and the athlete
`drawing`    groups: colours, the part of the world, kernels, pictures, films
`publishing` groups: tiles, pages, servers, explorer tiles, limits of what is public
`following`  groups: whether a command goes on, and when it looks again
`running`    groups: the engine that builds tiles of partitions
`requests`   all options of one function: of `render`, of an import
`values`     objects of Python written as text: colours, colour maps, areas
`parsing`    lengths, times, places and widths read from text
`renamed`    old names of options, which work with a warning
`signature`  options in the signature and docstring of a function
`keywords`   options as types of keywords, written by ``python -m heatlas.options``
============ ==============================================================

The options of the command line, the keywords of Python, the list of kinds of output that have an option, the pages of
the documentation and the names in errors are derived from the fields. Values are stored as they were written. The code
that uses a value parses it (`heatlas.options.parsing`, `heatlas.dataset.viewport`, `heatlas.dataset.selection` ...),
before any work.
"""

from heatlas.options.choosing import FilterOptions, GapOptions, HidingOptions, PointSetOptions, TableOptions
from heatlas.options.drawing import (
    FilmOptions,
    KernelOptions,
    LabelOptions,
    PictureOptions,
    StyleOptions,
    ViewportOptions,
)
from heatlas.options.following import FollowOptions, ServedFolderOptions
from heatlas.options.measuring import AthleteOptions, MetricOptions
from heatlas.options.option import Option, gather, given, options_of, refuse
from heatlas.options.publishing import (
    LEAST,
    ExplorerOptions,
    PageOptions,
    PublicOptions,
    SiteOptions,
    TileOptions,
    least_of,
)
from heatlas.options.reading import ReadingOptions
from heatlas.options.requests import (
    KEYWORDS,
    ExploreOptions,
    ImportOptions,
    InspectOptions,
    OpenOptions,
    PrepareOptions,
    RenderOptions,
    ServeOptions,
)
from heatlas.options.running import EngineOptions

__all__ = [
    "KEYWORDS",
    "LEAST",
    "AthleteOptions",
    "EngineOptions",
    "ExploreOptions",
    "ExplorerOptions",
    "FilmOptions",
    "FilterOptions",
    "FollowOptions",
    "GapOptions",
    "HidingOptions",
    "ImportOptions",
    "InspectOptions",
    "KernelOptions",
    "LabelOptions",
    "MetricOptions",
    "OpenOptions",
    "Option",
    "PageOptions",
    "PictureOptions",
    "PointSetOptions",
    "PrepareOptions",
    "PublicOptions",
    "ReadingOptions",
    "RenderOptions",
    "ServeOptions",
    "ServedFolderOptions",
    "SiteOptions",
    "StyleOptions",
    "TableOptions",
    "TileOptions",
    "ViewportOptions",
    "gather",
    "given",
    "least_of",
    "options_of",
    "refuse",
]  # fmt: skip
