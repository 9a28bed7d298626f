"""Measures: what of passages or points is shown, and how people write it."""

from __future__ import annotations

import re
from dataclasses import field
from shlex import quote
from typing import TYPE_CHECKING

from heatlas.core.errors import BadOption
from heatlas.core.frozen import frozen
from heatlas.raster.reductions import LAYOUTS
from heatlas.raster.sides import read_sides, write_sides
from heatlas.tracks.filters import needs_local_time, parse_where
from heatlas.tracks.metrics import ALIASES, METRICS, POSITION, leaves, metric_named
from heatlas.tracks.metrics.expression import parse_condition
from heatlas.tracks.metrics.own import definitions
from heatlas.tracks.metrics.sports import SPORTS_OF

if TYPE_CHECKING:
    from collections.abc import Collection

    from heatlas.raster.reductions import Layout
    from heatlas.tracks.metrics import Metric

__all__ = [
    "COUNTS", "LABELLED", "POINT_REDUCTIONS", "RELATIONS", "SPENT", "Measure", "parse_measure", "parse_point_measure",
    "reductions_of", "related",
]  # fmt: skip

COUNTS = ("passes", "activities", "people", "days", "fixes")
"""Measures that are whole numbers."""
LABELLED = ("people", "days")
"""Counts of what several activities may share, so that parts of the data do not add up."""
SPENT = {"seconds": 0, "metres": 1}
"""Measures that are sums over passages -> their column in what `heatlas.kernels.trace.list_passages` gives."""
RELATIONS = ("corr", "slope", "residual", "both", "diff")
"""Reductions of relations: between metrics, or between the means of two choices of activities."""
POINT_REDUCTIONS = ("sum", "count", "mean", "min", "max")
"""Measures of points; all but count are taken of their weights."""
_REDUCTIONS = ("mean", "min", "max", "std")
_ADDING = frozenset({"wait", "up", "down"})
"""Our metrics of passages whose sum means something; of theirs people know it."""
_MODELS = {"heart_rate": ("pace", "grade_100", "elapsed")}
"""Metric of which a model is made -> what it is made from."""


@frozen
class Measure:
    """A reduction of passages, or of points, per pixel."""

    reduction: str
    """A name of `heatlas.raster.reductions.LAYOUTS`: passes, seconds, mean, circular, corr ..."""
    metric: str = ""
    """A name of `heatlas.tracks.metrics.METRICS`, the column of a table, a condition of `share`, or empty."""
    density: bool = False
    """Per square kilometre (points only)."""
    points: bool = False
    """Of points: then the metric is a column of a table, whatever it is called."""
    other: str = ""
    """Second metric of a relation: y, where `metric` is x."""
    sides: tuple[str, ...] = ()
    """Of a difference the filters of its two sides, in CQL2: the mean of the second less that of the first."""
    definition: str = field(default="", init=False, repr=False)
    """Definitions of the metrics that people defined and that it reads, so that measures of other formulas differ."""

    def __post_init__(self) -> None:
        if self.metric and not self.points and any(entry.definition for entry in METRICS.values()):
            object.__setattr__(self, "definition", definitions(self._names()))

    def _names(self) -> Collection[str]:
        """Names of the metrics that it reads."""
        if self.reduction in {"diff", "voices"}:
            return self.mean._names()
        return parse_condition(self.metric).names if self.reduction == "share" else (self.metric, self.other)

    def __str__(self) -> str:
        """As it is written on the command line."""
        if self.sides:
            return f"{self.reduction}({'; '.join((self.metric, *write_sides(self.sides)))})"
        if self.other:
            pair = f"{self.other}~{self.metric}" if self.reduction == "slope" else f"{self.metric},{self.other}"
            return f"{self.reduction}({pair})"
        if self.entry and self.reduction == self.entry.reduction != "mean":
            return self.metric
        name = f"{self.reduction}({self.metric})" if self.metric else self.reduction
        return f"{name} per km2" if self.density else name

    @property
    def key(self) -> str:
        """Text by which results are remembered and told apart: as written, with the definitions that it rests on."""
        return f"{self} where {self.definition}" if self.definition else str(self)

    @property
    def entry(self) -> Metric | None:
        """Entry of its metric, if it is one of ours and no condition, relation or column of points."""
        if self.points or self.reduction in {"share", "voices", *RELATIONS}:
            return None
        return METRICS.get(self.metric)

    @property
    def mean(self) -> Measure:
        """Mean that a difference compares, or that is taken over voices."""
        return parse_measure(self.metric, (self.metric,))

    @property
    def centred(self) -> bool:
        """Whether each activity's own means are taken off."""
        return self.reduction in {"corr", "slope"}

    @property
    def reads(self) -> frozenset[str]:
        """Columns of passages that it is made of: metrics at fixes, metrics of activities, seconds, metres."""
        if self.points or not self.metric:
            return frozenset({self.reduction}) & SPENT.keys()
        if self.reduction in {"diff", "voices"}:
            return self.mean.reads
        if self.reduction == "share":
            return parse_condition(self.metric).reads
        if self.reduction == "residual":
            return frozenset({related(self.metric), *_MODELS[self.metric]})
        if self.other:
            return leaves(related(self.metric)) | leaves(related(self.other))
        return leaves(self.metric)

    @property
    def recorded(self) -> frozenset[str]:
        """Metrics at fixes that it is made of: only activities that have them all count."""
        return frozenset(name for name in self.reads if name not in {*SPENT, *POSITION} and _is_recorded(name))

    @property
    def columns(self) -> frozenset[str]:
        """Columns of a batch that it reads."""
        if self.points:
            return metric_named(self.metric).columns if self.metric else frozenset()
        return frozenset().union(*(metric_named(name).columns for name in self.reads - {*SPENT, *POSITION}))

    @property
    def simple(self) -> bool:
        """Whether it reduces a metric at fixes as it is, which needs no columns beside it."""
        if self.points or not self.metric or self.reduction not in _REDUCTIONS:
            return False
        metric = metric_named(self.metric)
        return metric.at_fixes is not None and not metric.cyclic

    @property
    def needs_local_time(self) -> bool:
        """Whether local time matters: to count days, for hours and dates, and in the filters of a difference."""
        return (
            self.reduction == "days"
            or any(map(needs_local_time, self.sides))
            or any(
                name in METRICS and METRICS[name].of_activity is not None and name not in SPORTS_OF
                for name in self.reads
            )
        )

    @property
    def layout(self) -> Layout:
        """Planes that it is counted in, and how values are made of them."""
        return LAYOUTS[self.reduction]

    @property
    def of_lines(self) -> bool:
        """Whether one pass counts 1 in every pixel of a line, however wide the pixel is."""
        return self.layout.of_lines

    @property
    def signed(self) -> bool:
        """Whether 0 is the middle: up and down hill, a correlation."""
        if self.reduction in RELATIONS:
            return self.reduction != "both"
        return self.entry is not None and self.entry.middle == 0 and self.reduction not in {"std", "circular"}

    @property
    def period(self) -> float:
        """Value that equals 0, of a circular mean; else 0."""
        return self.entry.period if self.entry is not None and self.reduction == "circular" else 0.0

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that drawing, smoothing and colouring one pixel takes at most."""
        return self.layout.bytes_per_pixel


def _is_recorded(name: str) -> bool:
    return metric_named(name).at_fixes is not None


def related(name: str) -> str:
    """Name of the metric that stands for another in relations."""
    return metric_named(name).related or metric_named(name).name


def parse_point_measure(text: str | None, weight: str | None, density: bool = False) -> Measure:
    """Read a measure of points: sum, count, mean, min, max; the sum of the weights when nothing is said.

    Parameters
    ----------
    text : str, optional
        As it is written; the column may stand in brackets.
    weight : str, optional
        Column of the weights; None: there is none, and points are counted.
    density : bool
        Per square kilometre; for sums and counts.

    Raises
    ------
    BadOption
        For another word, or where weights are needed.
    """
    word, _, column = (text or ("sum" if weight else "count")).strip().rstrip(")").partition("(")
    reduction = word.strip().lower()
    if reduction not in POINT_REDUCTIONS or (column and column.strip() != weight):
        hint = (
            f"; --weight={quote(column.strip())} says what it is taken of"
            if column and column.strip() != weight
            else ""
        )
        raise BadOption(f"points have no measure {text!r}: take one of {', '.join(POINT_REDUCTIONS)}{hint}")
    if reduction != "count" and weight is None:
        raise BadOption(f"the {reduction} needs weights: say --weight COLUMN, or take --measure=count")
    if density and reduction not in {"sum", "count"}:
        raise BadOption(f"--density makes sense for sum and count, not for {reduction}")
    return Measure(reduction, "" if reduction == "count" or weight is None else weight, density, points=True)


def parse_measure(text: str, others: Collection[str] = ()) -> Measure:
    """Read a measure as it is written: "passes", "max(power)", "corr(pace, heart_rate)"; a bare metric means its mean.

    Parameters
    ----------
    text : str
        As it is written.
    others : collection of str
        Metrics beside those of `heatlas.tracks.metrics.METRICS`: columns of a table whose rows are tracks.

    Raises
    ------
    BadOption
        Naming what is close to an unknown word.
    """
    if (found := re.fullmatch(r"\s*share\s*\((.*)\)\s*", text, re.DOTALL | re.IGNORECASE)) is not None:
        return Measure("share", parse_condition(found[1]).text)
    if (found := re.fullmatch(r"\s*diff\s*\((.*)\)\s*", text, re.DOTALL | re.IGNORECASE)) is not None:
        return _difference(text, found[1], others)
    word = text.strip().lower().replace(" ", "").replace("-", "_")
    if word in COUNTS or word in SPENT:
        return Measure(word)
    if (found := re.fullmatch(r"(\w+)\(([\w,~]*)\)", word)) is not None and found[1] in RELATIONS:
        return _relation(text, found[1], found[2])
    reduction, _, metric = word.rstrip(")").rpartition("(")
    metric = ALIASES.get(metric, metric)
    known = [*METRICS, *others]
    if metric in known and word.count("(") == word.count(")"):
        usual = metric_named(metric).reduction
        reduction = reduction or usual
        if reduction in reductions_of(metric):
            return Measure(reduction, metric)
        if reduction in {*_REDUCTIONS, "sum"}:
            raise BadOption(f"there is no {reduction} of {metric}: take {' or '.join(reductions_of(metric))}")
    raise _unknown(text, word, known)


def reductions_of(metric: str) -> tuple[str, ...]:
    """Reductions that make sense of a metric, the usual one first."""
    entry = metric_named(metric)
    if entry.cyclic or entry.reduction not in {"mean", "min", "max"}:
        return (entry.reduction,)
    if entry.of_activity is not None:
        return (entry.reduction, *(name for name in ("min", "max") if name != entry.reduction))
    return (*_REDUCTIONS, "sum") if metric in _ADDING or entry.definition else _REDUCTIONS


def _relation(text: str, reduction: str, inside: str) -> Measure:
    """Read what stands in the brackets of a relation."""
    names = [ALIASES.get(name, name) for name in re.split("[,~]", inside)]
    for name in names:
        if name in METRICS and METRICS[name].cyclic:
            raise BadOption(f"{text!r} relates {name}, which goes round and has neither more nor less: take another")
        if name in METRICS and METRICS[name].of_activity is not None:
            raise BadOption(f"{text!r} relates {name}, which is known of whole activities alone: take one of passages")
        if name not in METRICS:
            raise _unknown(text, name, [m.name for m in METRICS.values() if m.listed and not m.cyclic])
    if reduction == "residual":
        if len(names) != 1 or names[0] not in _MODELS:
            raise BadOption(f"there is no model for {text!r}: take residual({', '.join(_MODELS)})")
        return Measure("residual", names[0])
    if len(names) != 2 or names[0] == names[1]:
        form = "slope(heart_rate ~ pace)" if reduction == "slope" else f"{reduction}(pace, heart_rate)"
        raise BadOption(f"{text!r} needs two metrics: write it like {form}")
    first, second = reversed(names) if reduction == "slope" else names
    return Measure(reduction, first, other=second)


def _difference(text: str, inside: str, others: Collection[str]) -> Measure:
    """Read what stands in the brackets of a difference: a mean and two filters, with semicolons between them."""
    parts = [part.strip() for part in re.split(r""";(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""", inside)]
    if len(parts) != 3 or not all(parts):
        raise BadOption(
            f"{text!r} needs a mean and two filters: write it like diff(pace; year = 2019; year = 2023), "
            "the second less the first"
        )
    mean = parse_measure(parts[0], others)
    if mean.reduction not in {"mean", "share"}:
        raise BadOption(f"{text!r} compares means, and {mean} is none: take diff(pace; ...) or diff(heart_rate; ...)")
    sides = read_sides(parts[1], parts[2], text)
    for side in sides:
        parse_where(side)
    return Measure("diff", mean.metric if mean.reduction == "mean" else str(mean), sides=sides)


def _unknown(text: str, word: str, metrics: Collection[str]) -> BadOption:
    """Make the error for what is no measure."""
    from difflib import get_close_matches

    known = [*COUNTS, *SPENT, *metrics, *(f"{r}({m})" for r in _REDUCTIONS for m in metrics), *ALIASES]
    close = get_close_matches(word, known, 3)
    if close:
        return BadOption(f"there is no measure {text!r}: did you mean {' or '.join(close)}?")
    shown = [name for name in metrics if name not in METRICS or METRICS[name].listed]
    return BadOption(
        f"there is no measure {text!r}: take one of {', '.join([*COUNTS, *SPENT])}, or {'|'.join(_REDUCTIONS)}(METRIC) "
        f"with a metric of {', '.join(shown)}; share(CONDITION), corr(X, Y), slope(Y ~ X), both(X, Y), "
        "diff(METRIC; FILTER; FILTER)"
    )
