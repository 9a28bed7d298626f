"""Curves in the plane: arrays of shape (n, 2), metres east and north of the town's centre."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[np.float64]

__all__ = [
    "along",
    "blob",
    "gaussian",
    "lengths",
    "normals",
    "offset",
    "resample",
    "smooth",
    "spline",
    "turned",
]


def lengths(points: Points) -> NDArray[np.float64]:
    """Distance along the line at each of its points, metres, from 0."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    return np.concatenate(([0.0], np.cumsum(steps)))


def along(points: Points, at: ArrayLike) -> Points:
    """Points of the line at the given distances from its beginning."""
    s, where = lengths(points), np.asarray(at, np.float64)
    return np.column_stack((np.interp(where, s, points[:, 0]), np.interp(where, s, points[:, 1])))


def resample(points: Points, step: float) -> Points:
    """Place points on the line about every `step` metres, both ends included."""
    total = float(lengths(points)[-1])
    return along(points, np.linspace(0, total, max(2, round(total / step) + 1)))


def spline(points: ArrayLike, step: float = 12.0, *, closed: bool = False) -> Points:
    """Draw a smooth line through the points (uniform Catmull-Rom), resampled about every `step` metres.

    E. Catmull and R. Rom, A class of local interpolating splines, 1974.
    """
    p = np.asarray(points, np.float64)
    p = np.concatenate((p[-1:], p, p[:2])) if closed else np.concatenate((2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]))
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    t = (np.arange(24) / 24)[None, :, None]
    dense = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return resample(np.concatenate((dense.reshape(-1, 2), p[-2:-1])), step)


def normals(points: Points) -> Points:
    """Unit vectors to the right of the line at each of its points."""
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.hypot(*tangent.T), 1e-9)[:, None]
    return np.column_stack((tangent[:, 1], -tangent[:, 0]))


def offset(points: Points, by: ArrayLike) -> Points:
    """Shift the line to its right by a distance in metres (one number, or one for each point)."""
    return np.asarray(points + normals(points) * np.broadcast_to(by, len(points))[:, None])


def turned(points: Points, angle: float, centre: tuple[float, float]) -> Points:
    """Turn points anticlockwise by an angle in radians about the origin, then move the origin to `centre`."""
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) + centre)


def blob(
    centre: tuple[float, float],
    radii: tuple[float, float],
    angle: float,
    rng: np.random.Generator,
    *,
    rough: float = 0.08,
    ripple: float = 0.0,
) -> Points:
    """Outline of a wobbly ellipse: closed, a point about every 12 m."""
    theta = np.linspace(0, 2 * math.pi, 240)
    r = np.ones_like(theta)
    for k in (2, 3, 4, 5):
        r += rough * 1.6 / k * rng.normal() * np.cos(k * theta + rng.uniform(0, 2 * math.pi))
    for k in range(6, 14) if ripple else ():
        r += ripple * rng.normal() * np.cos(k * theta + rng.uniform(0, 2 * math.pi))
    ellipse = np.column_stack((radii[0] * r * np.cos(theta), radii[1] * r * np.sin(theta)))
    return resample(turned(ellipse, angle, centre), 12)


def gaussian(sigma: float) -> NDArray[np.float64]:
    """Weights of a Gaussian: sigma in samples, cut at 3 sigma, with sum 1."""
    half = max(1, math.ceil(3 * sigma))
    w = np.exp(-0.5 * (np.arange(-half, half + 1) / sigma) ** 2)
    return np.asarray(w / w.sum())


def smooth(values: NDArray[Any], sigma: float) -> NDArray[np.float64]:
    """Smooth by a Gaussian along the first axis; the end values are repeated outwards."""
    w = gaussian(sigma)
    half = len(w) // 2
    if values.ndim == 2:
        return np.column_stack([smooth(column, sigma) for column in values.T])
    return np.convolve(np.pad(values.astype(np.float64), half, mode="edge"), w, mode="valid")
