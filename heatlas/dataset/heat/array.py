"""Heat: a measure over a window, as a georeferenced array."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.dataset.heat import arithmetic
from heatlas.dataset.heat.appearance import Appearance
from heatlas.dataset.heat.arithmetic import LabelledHeat
from heatlas.dataset.heat.exports import ExportableGrid
from heatlas.dataset.heat.labels import check_alike, labels_of
from heatlas.dataset.heat.resmooth import smoothed_anew
from heatlas.options.values import text_of
from heatlas.style.colormaps import colormap
from heatlas.style.colour import parse_background
from heatlas.style.defaults import in_base_unit, refuse_colours, scale_for
from heatlas.style.tone import Tone, parse_tone_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from heatlas.dataset.heat.resmooth import Width
    from heatlas.raster.pipeline import Drawn

__all__ = ["Heat"]


_INTERNAL = frozenset({"again", "compared", "look", "of", "picture", "voices", "worked"})


@dataclass(frozen=True, eq=False, repr=False)
class Heat(ExportableGrid):
    """A measure over a window: values, their position, and their appearance.

    A heat is immutable: methods return a new one. `Tracks.heat` and `PointSet.heat` make it.

    Examples
    --------
    >>> heat = tracks.heat("passes")                               # doctest: +SKIP
    >>> heat.values.shape, heat.crs, heat.unit                     # doctest: +SKIP
    >>> heat.smooth("8m").background("dark").save("heat.png")      # doctest: +SKIP
    >>> this_year - last_year                                      # doctest: +SKIP
    """

    width: Width | None = None
    """Smoothing that was applied; None where the heat was computed from other heats."""
    again: Callable[[Width], Drawn] | None = None
    """Counts and smooths again, where a wider smoothing reads beyond the counted pixels."""
    voices: Callable[[Width], Drawn] | None = None
    """Of a mean: draws its moments over activities, which `t` needs."""
    compared: tuple[Callable[[], Drawn], Callable[[], Drawn]] | None = None
    """Of a difference of means: draws the moments of what was subtracted, and of what it was subtracted from."""

    def __dir__(self) -> list[str]:
        """List the public names: what other modules read and make is left out of completion."""
        return sorted({*object.__dir__(self)} - _INTERNAL)

    __array_ufunc__ = None  # NumPy's own numbers leave arithmetic to this class

    @classmethod
    def of(
        cls,
        drawn: Drawn,
        width: Width,
        again: Callable[[Width], Drawn] | None = None,
        voices: Callable[[Width], Drawn] | None = None,
    ) -> Heat:
        """Wrap a result of `heatlas.raster.pipeline.heat` or `point_heat`.

        Parameters
        ----------
        drawn : heatlas.raster.pipeline.Drawn
            Counted and smoothed grids.
        width : Smoothing or Kernel
            Smoothing that was applied.
        again : callable, optional
            Draws the same heat with another width.
        voices : callable, optional
            Draws the moments of a mean over activities with a width.
        """
        return cls(LabelledHeat(drawn, labels_of(drawn.smoothed.measure)), width=width, again=again, voices=voices)

    def smooth(self, width: str | Literal[0] | Width, workers: int | None = None) -> Heat:
        """Smooth the counted grid with another width; a wider reach counts again.

        The result equals, to the last bit, a heat drawn with that width.

        Parameters
        ----------
        width : str, 0, Smoothing or Kernel
            Standard deviation of a Gaussian, "8m" or "2px"; 0 for none; "auto". Of points also a `Kernel`.
        workers : int, optional
            Threads; by default one for each processor.

        Raises
        ------
        BadOption
            For an invalid width; or where the data is gone, because the heat was computed from other heats, pickled, or
            read from a stream.
        """
        if self.width is None:
            raise BadOption("this heat was worked out of others: smooth those first, then calculate")
        drawn, wanted = smoothed_anew(self.worked.drawn, self.width, width, self.again, workers)
        return replace(self, worked=replace(self.worked, drawn=drawn), width=wanted)

    def tone(self, tone: str | Sequence[float] | Tone | Heat) -> Heat:
        """Set how values become colours.

        Parameters
        ----------
        tone : str, two numbers, Tone or Heat
            "log", "linear", "sqrt", "rank"; a range in the unit of the legend, "LO:HI", (LO, HI) or "log:LO:HI", of two
            metrics at once what lies between their thirds, "LO:HI,LO:HI"; "local", relative to the surroundings, of
            which "local:0.5" takes that share of the global tone; or another heat, whose tone is used, so that equal
            colours are equal values.

        Raises
        ------
        BadOption
            For an invalid tone, or a heat in another unit.
        """
        if isinstance(tone, Heat):
            check_alike(self.worked.labels, tone.worked.labels)
            tone = tone.fitted
        if not isinstance(tone, (str, Tone)):
            tone = _range_text(tone)
        if isinstance(tone, str):
            if self.smoothed.measure.reduction == "both":
                return self._restyled(tone=scale_for(tone, self.smoothed.measure, "its tone"))
            scale = parse_tone_scale(tone)
            if scale.local is None:
                return self._restyled(tone=in_base_unit(scale, self.worked.labels.unit))
            if self.worked.labels.middle is not None or self.smoothed.worked:
                raise BadOption("a local tone ranks what was counted, and this heat was worked out of others")
            return self._restyled(tone=scale_for(tone, self.smoothed.measure, "its tone"))
        return self._restyled(tone=tone)

    def colormap(self, name: str | Any) -> Heat:
        """Set the colours.

        Parameters
        ----------
        name : str, sequence or callable
            A name of `heatlas.style.colormaps.names`, reversed with "_r", or stops "#rgb,#rgb"; a list of colours; a
            map of matplotlib or cmap.

        Raises
        ------
        BadOption
            For anything else.
        """
        refuse_colours(self.smoothed.measure, "colormap()")
        return self._restyled(colours=colormap(text_of("colormap", name)))

    def background(self, name: str | Sequence[float] | None) -> Heat:
        """Set the background: None or "none" (transparent), "dark", "light", "white", "#rrggbb" or (red, green, blue).

        Raises
        ------
        BadOption
            For anything else.
        """
        return self._restyled(background=parse_background(text_of("background", name)))

    def titled(self, title: str) -> Heat:
        """Set the title shown on legends and in files."""
        labels = self.worked.labels
        named = replace(labels, title=title, label=labels.label or labels.unit.label)
        return replace(self, worked=replace(self.worked, labels=named))

    def _restyled(self, **changed: Any) -> Heat:
        return replace(self, look=replace(self.look, **changed))

    def t(self) -> Heat:
        """Welch's t of a difference of two means, `(a - b).t()`: beyond -2 or 2 it is more than chance.

        Each activity has one voice in a pixel. With few of them a variance is held towards that of all pixels; where
        either heat has fewer than 4, there is no value (see `heatlas.raster.differences`).

        Raises
        ------
        BadOption
            For anything but a difference of means, drawn from tracks in this session.
        """
        if self.smoothed.measure.sides and not self.smoothed.worked:
            return self._made(arithmetic.significance_of(self.worked))
        if self.compared is None:
            raise BadOption("t is of a difference of means that were drawn from tracks: take (a - b).t()")
        first, second = self.compared
        return self._made(arithmetic.significance(first(), second(), self.worked.labels))

    def _of_voices(self) -> Callable[[], Drawn] | None:
        return None if self.voices is None or self.width is None else partial(self.voices, self.width)

    def __add__(self, other: object) -> Heat:
        return self._with(arithmetic.total, other)

    def __sub__(self, other: object) -> Heat:
        if not isinstance(other, Heat):
            return NotImplemented
        made, first, second = self._with(arithmetic.difference, other), other._of_voices(), self._of_voices()
        return made if first is None or second is None else replace(made, compared=(first, second))

    def __truediv__(self, other: object) -> Heat:
        if isinstance(other, (int, float, np.integer, np.floating)):
            if not other:
                raise BadOption("a heat cannot be divided by 0")
            return self * (1 / float(other))
        return self._with(arithmetic.ratio, other)

    def __mul__(self, factor: object) -> Heat:
        if not isinstance(factor, (int, float, np.integer, np.floating)):
            return NotImplemented
        return self._made(arithmetic.scaled(self.worked, float(factor)))

    __rmul__ = __mul__

    def __neg__(self) -> Heat:
        return self * -1

    def _with(self, operation: Callable[[LabelledHeat, LabelledHeat], LabelledHeat], other: object) -> Heat:
        return self._made(operation(self.worked, other.worked)) if isinstance(other, Heat) else NotImplemented

    def _made(self, worked: LabelledHeat) -> Heat:
        """Wrap a result, with the background of this heat."""
        return Heat(worked, Appearance(background=self.look.background))

    def __getstate__(self) -> dict[str, Any]:
        """State to pickle, without the source of the counts and without cached values."""
        kept = {name: value for name, value in self.__dict__.items() if name not in {"values", "fitted", "_thumbnail"}}
        return {**kept, "again": None, "voices": None, "compared": None}

    def __repr__(self) -> str:
        from heatlas.dataset.heat.display import described

        return described(self)

    @cached_property
    def _thumbnail(self) -> bytes | None:
        from heatlas.dataset.heat.display import thumbnail

        return thumbnail(self)

    def _repr_png_(self) -> bytes | None:
        return self._thumbnail

    def _repr_html_(self) -> str:
        from heatlas.dataset.heat.display import figure

        return figure(self, self._thumbnail)


def _range_text(tone: Any) -> str:
    try:
        low, high = map(float, tone)
    except (TypeError, ValueError):
        raise BadOption(f"tone {tone!r} is no tone: give a curve such as 'log', or a range such as (1, 50)") from None
    return f"{low!r}:{high!r}"
