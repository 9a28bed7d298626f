"""Heats as images and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from heatlas.core.errors import BadOption
from heatlas.gazetteer.naming import with_place
from heatlas.style.cover import Cover, cells_of
from heatlas.style.decorations import Decorations
from heatlas.style.legend import fitting_scale
from heatlas.writers import check, write
from heatlas.writers.rendered_map import RenderedMap

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from heatlas.dataset.heat.styled import StyledGrid

__all__ = ["Captions", "image_of", "save", "url_of"]

_VALUES = frozenset({".tif", ".tiff", ".npy"})


def image_of(heat: StyledGrid, legend: bool) -> Image:
    """Paint a heat (see `Heat.image`)."""
    from PIL import Image

    rendered = RenderedMap(
        window=heat.window, picture=heat.picture(), legend=_legend(heat) if legend else None, cover=_cover(heat)
    )
    return Image.fromarray(rendered.finished.rows(0, heat.window.height).rgba)


def url_of(heat: StyledGrid) -> str:
    """Encode the picture as a data: URL (see `Heat.to_url`)."""
    import base64

    from heatlas.writers.png import encode_png

    return f"data:image/png;base64,{base64.b64encode(encode_png(heat.picture())).decode()}"


class Captions(NamedTuple):
    """Texts and the scale bar that are painted beside a heat."""

    title: str
    scale_bar: bool
    attribution: str


def save(heat: StyledGrid, path: Path, captions: Captions, *, legend: bool, rgba: bool) -> list[Path]:
    """Write a heat with the writer of the path's ending (see `Heat.save`)."""
    check(path)
    data, tone = path.suffix.lower() in _VALUES, heat.fitted
    if captions.scale_bar and ((data and not rgba) or path.suffix.lower() == ".kmz"):
        raise BadOption(f"--scale-bar is painted on pictures, and {path.name} is none: leave it out, or write a .png")
    title = with_place(" ".join(captions.title.split()), heat.bbox)
    heading, attribution = heat.worked.labels.heading, " ".join(captions.attribution.split())
    rendered = RenderedMap(
        window=heat.window,
        picture=None if data and not rgba else heat.picture(),
        values=heat.values if data else None,
        legend=_legend(heat) if legend else None,
        decorations=Decorations(
            title=title,
            subtitle=heading if title and not legend else "",
            scale_bar=captions.scale_bar,
            attribution=attribution,
            ground=heat.look.background,
        ),
        cover=_cover(heat) if legend or title or captions.scale_bar or attribution else None,
        title=title or heading,
        measure=heat.measure,
        range=(tone.low, tone.high),
        attribution=attribution,
        rgba=rgba,
    )
    return write(path, rendered)


def _cover(heat: StyledGrid) -> Cover:
    return Cover.of([cells_of(heat.smoothed.filled)])


def _legend(heat: StyledGrid) -> NDArray[np.uint8]:
    return heat.legend(fitting_scale(heat.window.width, heat.window.height))
