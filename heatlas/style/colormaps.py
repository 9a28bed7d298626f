"""Colour maps: short lists of stops, blended in OKLab to 256 colours.

The maps were designed for heatlas in OKLCh, except inferno, magma, plasma and viridis (S. van der Walt and
N. Smith, CC0) and cividis (J. Nuñez, C. Anderton, R. Renslow, PLOS ONE 13(7), 2018, CC0). Those are given
here by 17 samples each, which follow the originals to within 12 of 255.

OKLab: B. Ottosson, A perceptual color space for image processing, 2020 (public domain).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from heatlas.core.errors import BadOption
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CYCLIC", "DEFAULT", "DIVERGING", "colormap", "lightness", "names"]

DEFAULT = "ember"
"""Deep red to white-hot: even its lowest colour stands out on a dark map."""
CYCLIC = frozenset({"ring"})
"""Maps that end where they begin."""
DIVERGING = frozenset({"balance", "polar"})
"""Maps with a neutral colour in the middle: pale in balance, dark in polar."""

_MAPS = {
    "ember": "a70120 bd0020 d40918 e6280d f24703 fa6704 ff8616 ffa835 ffc959 fee991 fefce1",
    "fire": "000000 1c0001 530006 8f000b c41509 e2480e f87300 ffa41c ffd118 fced82 ffffff",
    "lamp": "383c50 4f4770 704e89 9d5092 cb5188 eb6274 ff7e5e ffa556 fcc952 fae59e fffcdd",
    "ice": "213480 22429d 1e54b6 1369cb 0781d9 1899e1 37b2e8 56cbed 80e1f2 b3f3f9 edfeff",
    "aurora": "5e2b9a 5b3ca7 5351b2 446ab4 3682b2 0a9cb2 17b6a8 41d19d 8ce68e cff58a fafed8",
    "lagoon": "153470 11457e 05588c 006c97 0081a0 0098aa 14b1b1 55caba 8de0c2 c6f0c4 fbf9d7",
    "orange": "98300d ab3509 bd3c07 cf460b de5217 ed5f20 fd6f29 ff9254 ffb884 ffdbb9 fff7ed",
    "violet": "4c179b 5d12b4 7014c9 8621d9 9f33e3 bb48e8 d85ee9 f07de8 fea5e6 ffd0ea fff8fb",
    "green": "005121 006028 00702d 078332 1c9638 31ad3d 4fc343 7ad84b b3e856 e0f57f fcfed7",
    "grey": "424242 ffffff",
    "relief": "0b4f38 1e5f3c 396f3d 597f3e 7e8f3e a29c44 c3a452 dcae6a edc18c f7daba fefaf3",
    "ink": "b3e2f7 96d3f4 79c0f1 5da9ed 458de5 396ed6 3450c3 302eaa 25117e 130a3c",
    "wine": "ffbd87 ffa06b ff7a5a f44f5d d43567 ae1e68 850861 59024f 2f0133",
    "pace": "fcf8a9 fde473 ffc845 ffa305 f87a08 ed5431 da3051 bc1a74 941791 6d1c9f 4623a0",
    "dusk": "3d43a8 6746b7 8f49bd b84bb7 dc54a2 fa6288 fc887d fda77f fdc28b fedc9b fdf5ae",
    "berry": "7ac8f5 75b4f6 7b9cf3 8882e9 9766d6 a349b7 aa248f a30b5e 91083b 7d0624 69040e",
    "ridge": "9ad78c 9fc36a a3ad48 a69724 a28217 9a6f13 905c10 834b0c 733d0b 613110 4f2611",
    "spectrum": "3d33b0 305ecb 0086d3 00aacc 2ac7bf 33e291 b0ea55 fbdd20 ff9e20 f05d00 ce0f14",
    "balance": "0f3072 0d4993 186bb6 3f95d7 92c5e7 d9dedd eeac93 e56649 c2352a 9a0e1e 6f0c1c",
    "polar": "befcff 79effe 3dcfe8 00a1bf 0d6177 22272c 863b29 d75220 ff8540 ffc383 ffefb2",
    "inferno": (
        "000004 0b0724 210c4a 3d0965 57106e 71196e 8a226a a32c61 bc3754 "
        "d04545 e35933 f1711f f98c0a fcaa0f f9c932 f2e865 fcffa4"
    ),
    "magma": (
        "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779 "
        "cf4070 e55064 f4695c fb8761 fea571 fec287 fde0a1 fcfdbf"
    ),
    "plasma": (
        "0d0887 310597 4c02a1 6600a7 7e03a8 9511a1 aa2395 bc3587 cc4778 "
        "d9586a e56b5d f07f4f f89441 fdab33 fdc328 f9dd25 f0f921"
    ),
    "viridis": (
        "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c "
        "1f9f88 27ad81 3dbc74 5cc863 81d34d aadc32 d5e21a fde725"
    ),
    "ring": (
        "99dcce b4d39f c7c069 cda62c c58a04 bd6d05 b74f13 a8423f 9a4362 "
        "914a87 8a5aaf 8172d4 7390f3 77abfe 7dc4fe 86d5f0 99dcce"
    ),
    "cividis": (
        "00224e 002e6a 1a386f 32436d 434e6c 535a6d 61656f 6f7073 7d7c78 "
        "8b8778 9a9376 aaa073 bbad6d ccba64 ddc858 efd748 fee838"
    ),
}
"""Name -> evenly spaced stops. Lightness rises in most maps. It falls in ink, wine, berry, ridge and pace, which are
made for light maps or for a metric whose low values are best. Dusk and berry are for metrics, on dark and on light
maps: both go from cold to warm. Ridge is relief for light maps. Lamp begins with the grey of a street at night: what
is usual stays quiet, and what is rare glows. Lightness turns in spectrum and in the diverging maps. Ring ends where it
begins, for what goes round: it goes through pale, yellow, dark and blue, which the colour-blind tell apart. Spectrum is
a rainbow, and no measure has it unless it is requested."""

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
"""Linear sRGB to the responses of the three cones."""
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""Cube roots of the cones' responses to OKLab."""
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)
_STOP = regex(r"(?:([^:#]*):)?\s*#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})", re.IGNORECASE | re.ASCII)


def names() -> tuple[str, ...]:
    """List the names of the colour maps, the default first."""
    return tuple(_MAPS)


def colormap(name_or_stops: str) -> NDArray[np.uint8]:
    """Build the 256 colours of a map.

    Parameters
    ----------
    name_or_stops : str
        A name (see `names`), with ``_r`` appended to reverse it; or stops from low to high, separated by
        commas: ``#000,#f00,#ff0``. A stop is #rgb, #rgba, #rrggbb or #rrggbbaa. Positions from 0 to 1 before
        the stops space them unevenly: ``0:#000000,0.3:#ff000080,1:#fff``.

    Returns
    -------
    ndarray of uint8
        (256, 4) straight RGBA. Named maps are opaque.

    Raises
    ------
    BadOption
        For an unknown name (the message lists similar ones), or for stops that cannot be parsed.
    """
    text = name_or_stops.strip()
    if "#" in text:
        return _blend(*_parse(text))
    name = text.lower()
    base = name.removesuffix("_r")
    if base not in _MAPS:
        from difflib import get_close_matches

        near = get_close_matches(base, _MAPS, n=3)
        hint = f"did you mean {' or '.join(near)}" if near else f"known are {', '.join(_MAPS)}"
        raise BadOption(f"there is no colour map {text!r}: {hint}, or stops such as #000,#f00,#ff0{'?' * bool(near)}")
    return _named(base, base != name).copy()


@lru_cache
def _named(base: str, reverse: bool) -> NDArray[np.uint8]:
    """Colours of a named map, which each tile asks for."""
    colors = [[*bytes.fromhex(stop), 255] for stop in _MAPS[base].split()]
    if reverse:
        colors.reverse()
    return _blend(np.linspace(0, 1, len(colors)), np.array(colors))


def lightness(colors: ArrayLike) -> NDArray[np.float64]:
    """Compute the lightness L of OKLab, 0 black to 1 white, of (..., 3 or 4) colours of 0 to 255."""
    return _to_oklab(np.asarray(colors, np.float64)[..., :3] / 255)[..., 0]


def _parse(text: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Parse stops into (n,) positions and (n, 4) colours."""
    matches = [_STOP.fullmatch(stop.strip()) for stop in text.split(",")]
    if len(matches) < 2:
        raise BadOption(f"the colour map {text!r} needs at least two stops, such as #000,#f00")
    positions, colors = [], []
    for stop, match in zip(text.split(","), matches, strict=True):
        if match is None:
            raise BadOption(f"{stop.strip()!r} is no stop of a colour map: write #rrggbb or 0.5:#rrggbb")
        positions.append(match[1])
        digits = match[2] if len(match[2]) > 4 else "".join(digit * 2 for digit in match[2])
        colors.append([*bytes.fromhex(digits.ljust(8, "f"))])
    if all(position is None for position in positions):
        return np.linspace(0, 1, len(colors)), np.array(colors)
    try:
        x = np.array([float(position or "") for position in positions])
    except ValueError:
        raise BadOption(f"give each stop of {text!r} a position between 0 and 1, or none of them") from None
    if not (x[0] >= 0 and x[-1] <= 1 and (np.diff(x) > 0).all()):
        raise BadOption(f"the positions of the stops {text!r} must rise, from 0 to 1 at most")
    return x, np.array(colors)


def _blend(positions: NDArray[np.float64], colors: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Blend (n, 4) stops to (256, 4) colours.

    The blend is linear in OKLab. It is premultiplied by alpha, so that a fully transparent stop gives its
    neighbours no colour.
    """
    alpha = colors[:, 3:] / 255
    lab = _to_oklab(colors[:, :3] / 255)
    stops = np.hstack([lab * alpha, alpha, lab])
    x = np.linspace(0, 1, 256)
    blended = np.stack([np.interp(x, positions, column) for column in stops.T], axis=1)
    premultiplied, a, plain = np.split(blended, [3, 4], axis=1)
    mixed = np.where(a > 0, premultiplied / np.where(a > 0, a, 1), plain)
    rgba = np.rint(np.hstack([_from_oklab(mixed), a]) * 255)
    return np.asarray(rgba, np.uint8)


def _to_oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert (..., 3) sRGB of 0 to 1 to OKLab."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T)


def _from_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert (..., 3) OKLab to sRGB, cut to 0 to 1."""
    linear = np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
