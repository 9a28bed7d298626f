"""What a plan makes: the measure, the tracks that count, the threshold of persons, and how tiles look."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import field
from typing import TYPE_CHECKING

from heatlas.core.frozen import frozen
from heatlas.core.version import __version__
from heatlas.options import FilterOptions
from heatlas.tracks.clean import Gaps
from heatlas.tracks.privacy import Privacy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from heatlas.tiles.look import Look

__all__ = ["Recipe", "digest_of"]

_RULES = "2"
"""Raised by hand when the same recipe is counted or drawn otherwise within one version."""


def digest_of(*parts: object) -> str:
    """Digest of texts and whatever has a telling `repr`, of 24 hexadecimal digits: the name of an object."""
    digest = hashlib.blake2b(f"{__version__} {_RULES}".encode(), digest_size=12)
    for part in parts:
        said = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        digest.update(len(said).to_bytes(8, "little") + said)
    return digest.hexdigest()


@frozen(kw_only=True)
class Recipe:
    """Options of a plan; it can be sent to other processes, and holds the owner's secret where anything is hidden."""

    look: Look
    """Measure, smoothing and colours."""
    look_words: str
    """The look and the form of tiles in words (`heatlas.publish.request.look_words`)."""
    form: str = "png"
    """png or webp."""
    zooms: tuple[int, int] = (0, 17)
    """First and last zoom of the tiles."""
    indexed: tuple[int, ...] = ()
    """Zooms that are counted, ascending."""
    filter: FilterOptions = field(default_factory=FilterOptions)
    privacy: Privacy = field(default_factory=Privacy)
    gaps: Gaps = field(default_factory=Gaps)
    least: int = 0
    """Persons that must have passed a pixel for it to be shown; 0: all pixels are shown."""
    grain: int = 0
    """Counts are rounded to multiples of it; 0: they are not."""

    @property
    def tracing(self) -> str:
        """All that decides what is counted of a partition, in words. Of the secret only a fingerprint."""
        hidden = self.privacy
        secret = hmac.digest(hidden.secret, b"heatlas plan", "sha256").hex() if hidden.secret else ""
        asked = self.filter
        said: Iterable[object] = (
            self.look.measure.key, self.indexed, bool(self.least), hidden.clip_ends, hidden.zones, secret, self.gaps,
            asked.where, asked.sport, asked.after, asked.before, asked.utc,
        )  # fmt: skip
        return repr(tuple(map(str, said)))

    @property
    def showing(self) -> str:
        """All that decides how counted tiles look, in words."""
        return repr((self.look_words, self.form, self.zooms))
