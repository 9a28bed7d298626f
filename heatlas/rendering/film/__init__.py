"""Films: a heat map that fills up day by day, or shows a stretch of time that moves on."""

from __future__ import annotations

from heatlas.rendering.film.job import FilmJob

__all__ = ["FilmJob"]
