"""What can be asked of heatlas: each option is declared once, as a field of a frozen dataclass.

============ ==============================================================
`option`     a field that is an option, and what follows from it
`groups`     options that belong together
`requests`   all options of one function: of `render`, of an import
`keywords`   the same as types of keywords, written by ``python -m heatlas.options``
============ ==============================================================

The options of the command line, the keywords of Python, the list of kinds of output that have an option, the pages of
the documentation and the names in errors are derived from the fields. Values are kept as they were written; whoever
uses one parses it (`heatlas.options.parsing`, `heatlas.dataset.viewport`, `heatlas.dataset.selection` ...), before any
work.
"""

from heatlas.options.groups import (
    LEAST,
    FilmOptions,
    FilterOptions,
    GapOptions,
    HidingOptions,
    KernelOptions,
    LabelOptions,
    PageOptions,
    PictureOptions,
    PointSetOptions,
    PublicOptions,
    SiteOptions,
    StyleOptions,
    TableOptions,
    TileOptions,
    ViewportOptions,
)
from heatlas.options.option import Option, gather, given, options_of, refuse
from heatlas.options.requests import KEYWORDS, ImportOptions, OpenOptions, RenderOptions, ServeOptions

__all__ = [
    "KEYWORDS",
    "LEAST",
    "FilmOptions",
    "FilterOptions",
    "GapOptions",
    "HidingOptions",
    "ImportOptions",
    "KernelOptions",
    "LabelOptions",
    "OpenOptions",
    "Option",
    "PageOptions",
    "PictureOptions",
    "PointSetOptions",
    "PublicOptions",
    "RenderOptions",
    "ServeOptions",
    "SiteOptions",
    "StyleOptions",
    "TableOptions",
    "TileOptions",
    "ViewportOptions",
    "gather",
    "given",
    "options_of",
    "refuse",
]  # fmt: skip
