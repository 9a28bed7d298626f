"""Heats in a notebook: a picture with its legend and a few facts. Nothing is downloaded."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import HeatlasError
from heatlas.dataset.heat.appearance import legend_of
from heatlas.dataset.heat.files import image_of
from heatlas.dataset.heat.labels import is_amount
from heatlas.raster.terciles import THIRDS
from heatlas.style.colour import parse_background

if TYPE_CHECKING:
    from PIL.Image import Image

    from heatlas.dataset.heat.styled import StyledGrid
    from heatlas.style.legend_kinds import Legend
    from heatlas.style.square import Square

__all__ = ["described", "figure", "thumbnail"]

_WIDEST = 1200
"""Largest width and height of a picture in a notebook, pixels."""
_STOPS = 24
"""Number of colours in the bar."""
_ADDITIVE = frozenset({"seconds", "metres", "fixes", "sum", "count"})
"""Reductions whose sum over all pixels is meaningful."""


def described(heat: StyledGrid) -> str:
    """Describe a heat in one line."""
    box = ",".join(f"{x:.6g}" for x in heat.bbox)
    height, width = heat.shape
    return f"<Heat {heat.title!r} {width} x {height} px of {_metres(heat.window.resolution)}, bbox {box}>"


def thumbnail(heat: StyledGrid) -> bytes | None:
    """Paint a small PNG of a heat, on a dark background by default; None where there is nothing to see."""
    try:
        image = _small(heat)
    except HeatlasError:
        return None
    # A palette takes a quarter of the bytes of true colours, without a visible difference.
    image = image.convert("RGB").quantize(256)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _small(heat: StyledGrid) -> Image:
    from PIL import Image

    image = image_of(_grounded(heat), legend=False)
    share = min(1.0, _WIDEST / image.width, _WIDEST / image.height)
    if share == 1:
        return image
    size = max(1, round(image.width * share)), max(1, round(image.height * share))
    return image.resize(size, Image.Resampling.BOX)


def _grounded(heat: StyledGrid) -> StyledGrid:
    """Set a dark background where none was chosen."""
    if heat.look.background is not None:
        return heat
    return replace(heat, look=replace(heat.look, background=parse_background("dark")))


def figure(heat: StyledGrid, png: bytes | None) -> str:
    """Show a heat and its `thumbnail` as HTML: picture, legend and facts."""
    heat = _grounded(heat)
    if png is None:
        return f"<div>{escape(described(heat))}<br>Nothing to see: no pixel of the window has a value.</div>"
    picture = (
        f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="{escape(heat.title)}" '
        'style="display:block;max-width:100%;max-height:720px;border-radius:6px">'
    )
    caption = (
        '<figcaption style="display:flex;flex-wrap:wrap;gap:6px 24px;align-items:flex-start;margin-top:8px">'
        f'<div><div style="font-weight:600">{escape(heat.worked.labels.heading)}</div>'
        f'<div style="opacity:.75">{escape(" · ".join(_facts(heat)))}</div></div>{_colours(heat)}</figcaption>'
    )
    style = "margin:0;max-width:1200px;width:fit-content;font:13px/1.45 system-ui,sans-serif"
    return f'<figure style="{style}">{picture}{caption}</figure>'


def _facts(heat: StyledGrid) -> list[str]:
    unit, measure = heat.worked.labels.unit, heat.smoothed.measure
    height, width = heat.shape
    facts = [f"{width} × {height} px of {_metres(heat.window.resolution)}"]
    if heat.worked.labels.middle is None:
        if is_amount(measure):
            most = float(np.nanmax(heat.values))
            facts.append(f"at most {unit.format(round(most) if unit.whole and most >= 1 else most)}")
        if measure.reduction in _ADDITIVE and not measure.density:
            facts.append(f"{unit.format(heat.total)} in all")
    return facts


def _metres(length: float) -> str:
    return f"{length / 1000:.3g} km" if length >= 1000 else f"{length:.3g} m"


def _colours(heat: StyledGrid) -> str:
    """Legend of the colours."""
    legend = legend_of(heat.worked.drawn, heat.fitted, heat.worked.labels)
    return _bar(heat, legend) if legend.square is None else _square(legend.square)


def _square(square: Square) -> str:
    """Table of 3 x 3 colours, with the values between the thirds; each cell says its ranges when pointed at."""
    size = 26
    data, rows = square.data()["colors"], []
    for up in reversed(range(THIRDS)):
        beside = f"{square.y.title}: {square.y.ranges[up]}"
        cells = "".join(
            f'<td style="width:{size}px;height:{size}px;padding:0;background:{data[THIRDS * up + across]}" '
            f'title="{escape(f"{square.x.title}: {square.x.ranges[across]}; {beside}")}"></td>'
            for across in range(THIRDS)
        )
        limit = escape(square.y.limits[up - 1]) if up else ""
        rows.append(
            '<tr><td style="padding:0 6px 0 0;text-align:right;vertical-align:bottom;border:0">'
            f'<div style="transform:translateY(50%)">{limit}</div></td>{cells}</tr>'
        )
    limits = "".join(
        '<td style="padding:0;text-align:right;border:0">'
        f'<div style="transform:translateX(50%)">{escape(words)}</div></td>'
        for words in square.x.limits
    )
    return (
        '<div style="margin-left:auto;font-size:12px">'
        f'<div style="opacity:.75">{escape(square.y.title)}</div>'
        f'<table style="border-collapse:collapse;border:0;margin:0">{"".join(rows)}'
        f'<tr><td style="border:0"></td>{limits}<td style="border:0"></td></tr></table>'
        f'<div style="opacity:.75;text-align:right">{escape(square.x.title)}</div></div>'
    )


def _bar(heat: StyledGrid, legend: Legend) -> str:
    """Bar of colours from the lowest to the highest value, with numbers below."""
    steps = np.rint(np.linspace(0, 255, _STOPS)).astype(int)
    stops = ",".join(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in heat.colours[steps, :3].tolist())
    labels = "".join(
        f'<span style="position:absolute;left:{100 * place:.1f}%;transform:translateX(-{_shift(place)}%);'
        f'white-space:nowrap">{escape(words)}</span>'
        for place, words in legend.ticks
    )
    note = f'<div style="font-size:11px;opacity:.7">{escape(legend.note)}</div>' if legend.note else ""
    return (
        '<div style="flex:0 1 300px;margin-left:auto">'
        f'<div style="height:11px;border-radius:3px;background:linear-gradient(to right,{stops})"></div>'
        f'<div style="position:relative;height:1.5em;font-size:12px;opacity:.85">{labels}</div>{note}</div>'
    )


def _shift(place: float) -> int:
    """Percent of its width by which a label is shifted, so that the outer ones stay within the bar."""
    return round(100 * min(max(place, 0.0), 1.0))
