"""Positions that phones state as inaccurate: one bound for all apps and services."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GREATEST", "INACCURATE", "is_inaccurate"]

GREATEST = 200.0
"""Metres. Positions of cell towers and of addresses are worse; those of satellites and of wireless networks are not."""
INACCURATE = f"fixes less accurate than {GREATEST:.0f} m"
"""Reason under which such positions are counted (`heatlas.core.batch.Recording.dropped`)."""


def is_inaccurate(accuracy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which positions are to be left out.

    Parameters
    ----------
    accuracy : ndarray of float64 (n,)
        Metres, as the source states them; NaN or negative where it does not.

    Returns
    -------
    ndarray of bool (n,)
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(accuracy > GREATEST)
