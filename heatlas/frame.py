"""Which part of the world a picture shows, and how finely: options that were checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from heatlas.errors import BadOption
from heatlas.options import parse_around, parse_bbox, parse_length
from heatlas.places import around as around_bbox
from heatlas.places import bbox_window

if TYPE_CHECKING:
    from heatlas.window import Window

__all__ = ["Frame", "at_most_one"]


@dataclass(frozen=True, slots=True)
class Frame:
    """A box, or how to find one, and a scale."""

    bbox: tuple[float, float, float, float] | None
    """What to draw; None: to be found in the data."""
    choice: str
    """How that was chosen, in words."""
    zoom: float | None
    resolution: float | None
    width: int | None

    @classmethod
    def parse(
        cls,
        *,
        bbox: str | None,
        around: str | None,
        everything: bool,
        zoom: float | None,
        resolution: str | None,
        width: int | None,
        default: str,
    ) -> Frame:
        """Check the options; `default` says in words what is drawn when none of them does.

        Raises
        ------
        BadOption
            For an option that is none, or two that cannot go together.
        """
        at_most_one({"--bbox": bbox, "--around": around, "--all": everything or None})
        at_most_one({"--zoom": zoom, "--resolution": resolution, "--width": width})
        box, choice = None, "all" if everything else default
        if bbox is not None:
            box, choice = parse_bbox(bbox), "bbox"
        elif around is not None:
            box, choice = around_bbox(*parse_around(around)), "around"
        return cls(box, choice, zoom, parse_length(resolution, "--resolution") if resolution else None, width)

    def window(self, bbox: tuple[float, float, float, float]) -> Window:
        """Make the window over a box: the one that was asked for, or one that was found."""
        return bbox_window(bbox, self.zoom, self.resolution, self.width)


def at_most_one(given: dict[str, Any]) -> None:
    """Refuse options that say different things about the same.

    Raises
    ------
    BadOption
        When more than one is not None.
    """
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        raise BadOption(f"{' and '.join(named)} cannot go together: give one of them")
