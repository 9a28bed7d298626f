"""Colours as eyes see them: CIELAB (1976), contrast (WCAG 2), and colour blindness."""

from __future__ import annotations

import numpy as np

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
WHITE = np.array([0.95047, 1, 1.08883])
SEEN = {
    "normal": np.eye(3),
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
"""Matrices of linear sRGB at full severity: Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009, table 1."""


def linear(rgb):
    share = np.asarray(rgb) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(light):
    share = np.clip(light, 0, 1) @ TO_XYZ.T / WHITE
    f = np.where(share > 216 / 24389, np.cbrt(share), (24389 / 27 * share + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def contrast(rgb, ground):
    one, other = ((linear(each) @ TO_XYZ[1]) + 0.05 for each in (rgb, ground))
    return max(one, other) / min(one, other)


def seen_by(eyes, colours):
    """CIELAB of colours (n, 3 or 4) as some eyes see them."""
    return lab(linear(np.asarray(colours)[:, :3]) @ np.transpose(SEEN[eyes]))
