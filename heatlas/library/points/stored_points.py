"""What is known of a point set without its points."""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["StoredPoints"]


@dataclass(frozen=True, slots=True)
class StoredPoints:
    """Description of a point set, without its points."""

    number: int
    name: str
    source: str
    """Names of the tables that it was read from."""
    weight: str | None
    """Column of the weights; None: each point counts 1."""
    points: int
    total: float
    """Sum of the weights; without weights the number of points."""
    lightest: float | None
    heaviest: float | None
    bbox: tuple[float, float, float, float]
    """West, south, east, north of all points, degrees; east exceeds 180 across the antimeridian."""
    digest: bytes
    """Digest of positions and weights."""
    dropped: dict[str, int]
    """Reason -> number of rows left out when the tables were read."""
    crowd: tuple[float, float, float, float] | None
    """Box of nearly all points, if it is much smaller than `bbox`."""
    time: str | None = None
    """Column of the times; None: they are not known."""
    days: tuple[tuple[int, int], ...] = ()
    """Days since 1970 on which there are points, and how many; of very many days only the first of each month."""

    @property
    def outcome(self) -> str:
        """What its row says beside its columns, as JSON."""
        times = {} if self.time is None else {"time": self.time, "days": [list(pair) for pair in self.days]}
        return json.dumps({"dropped": self.dropped, "crowd": self.crowd, **times})

    @property
    def signed(self) -> bool:
        """Whether any weight is below 0."""
        return self.lightest is not None and self.lightest < 0
