"""Themes: a ground and colours of counts that go together, for paper and for screens."""

from __future__ import annotations

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen

__all__ = ["THEMES", "Theme", "theme_named"]


@frozen
class Theme:
    """A ground and colours."""

    background: str = ""
    """As `heatlas.style.colour.parse_background` reads it."""
    colormap: str = ""
    """Colours of counts; empty: those that suit the ground. Metrics always have their own."""


THEMES = {
    "night": Theme("#0e1116"),
    "paper": Theme("#faf9f6"),
    "ink": Theme("#ffffff", "#8f98a5,#5b6675,#2f3a4a,#0c1220"),
    "blueprint": Theme("#0b2545", "#3f74b5,#7fb2e6,#c4e0fa,#ffffff"),
    "sand": Theme("#efe5d2", "#d0a06a,#bb6a3a,#8e3722,#4a130f"),
    "forest": Theme("#0f1f19", "#2b7a55,#63ad63,#b4d873,#fbf8cf"),
    "rose": Theme("#f8ece9", "#e6a59b,#d0657a,#9b2f67,#4d1248"),
}
"""Name -> theme."""


def theme_named(name: str | None) -> Theme:
    """Find a theme; without a name one that says nothing.

    Raises
    ------
    BadOption
        When there is no such theme.
    """
    if name is None:
        return Theme()
    if name not in THEMES:
        raise BadOption(f"--theme={name!r} is none of {', '.join(THEMES)}")
    return THEMES[name]
