"""Fonts: Pillow's own, and those of the system for letters that it lacks."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from heatlas.core.errors import BadOption

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

__all__ = ["Run", "load_font", "paint", "runs", "span", "unwritable", "writable"]

Run = tuple[str, "FreeTypeFont"]
"""Adjacent letters that one font has, and that font."""

_OWN = ""
"""Stands for Pillow's own font."""
_OTHERS = (
    "LiberationSans-Regular.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "arial.ttf", "Helvetica.ttc", "segoeui.ttf",
    "DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "PingFang.ttc", "msyh.ttc", "YuGothR.ttc", "NotoEmoji-Regular.ttf",
    "seguisym.ttf",
)  # fmt: skip
"""Fonts of the system, for letters that Pillow's own lacks."""
_KNOWN = frozenset(map(chr, range(32, 127))) | frozenset("°±·«»©")
"""Characters that Pillow's own font has."""
_PLAINER = str.maketrans("–—−×’‘“”\u00a0\u202f\u2009", "---x''\"\"   ")


def load_font(size: float) -> FreeTypeFont:
    """Load Pillow's own font (Aileron, CC0)."""
    from PIL import ImageFont

    try:
        font = ImageFont.load_default(size)
    except ImportError:
        font = None
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise BadOption("this Pillow was built without FreeType and cannot write a legend: install another")
    return font


def writable(text: str) -> str:
    """Replace what Pillow's own font lacks: accents are dropped, dashes become hyphens, all else a question mark."""
    plain = " ".join(text.translate(_PLAINER).split())
    letters = (char if char in _KNOWN else unicodedata.normalize("NFKD", char)[:1] for char in plain)
    return "".join(letter if letter in _KNOWN else "?" for letter in letters)


def runs(words: str, size: float) -> list[Run]:
    """Split a text into runs of one font each. The font that has most of its letters is used wherever possible.

    Only letters that no font has are replaced, as `writable` does.

    Parameters
    ----------
    words : str
        A line of text.
    size : float
        Size of the letters, pixels.
    """
    plain = _plain(words)
    if all(char in _KNOWN for char in plain):
        return [(plain, load_font(size))]
    main, homes = _homes("".join(sorted(set(plain))))
    named = [(homes.get(char, main), char if char in homes or char == " " else writable(char)) for char in plain]
    return [
        ("".join(char for _, char in run), _font(name, size) or load_font(size))
        for name, run in groupby(named, key=lambda pair: pair[0])
    ]


def unwritable(words: str) -> str:
    """Letters of a text that no font here has, each once; dashes and the like, which have substitutes, do not count."""
    letters = dict.fromkeys(char for char in _plain(words) if ord(char) not in {*_PLAINER, 32})
    _, homes = _homes("".join(sorted(letters)))
    return "".join(char for char in letters if char not in homes)


def span(line: list[Run]) -> tuple[float, float]:
    """Left and right end of a line that is painted from 0 on, pixels."""
    ends, x = [], 0.0
    for text, font in line:
        left, _, right, _ = font.getbbox(text)
        ends += [x + left, x + right]
        x += font.getlength(text)
    return min(ends), max(ends)


def paint(draw: ImageDraw, x: float, baseline: float, line: list[Run], fill: Any) -> None:
    """Write a line from `x` on."""
    for text, font in line:
        draw.text((x, baseline), text, font=font, fill=fill, anchor="ls")
        x += font.getlength(text)


def _plain(words: str) -> str:
    """Reduce a text to composed letters and single spaces, without format characters and variation selectors."""
    text = unicodedata.normalize("NFC", " ".join(words.split()))
    return "".join(char for char in text if unicodedata.category(char) != "Cf" and char not in "\ufe0e\ufe0f")


@lru_cache(256)
def _homes(characters: str) -> tuple[str, dict[str, str]]:
    """Find the font that has most of some characters, and a font for each character that any font has."""
    wanted = [char for char in characters if char != " "]
    have = {name: {char for char in wanted if _has(name, char)} for name in (_OWN, *_OTHERS)}
    order = sorted(have, key=lambda name: -len(have[name]))  # of equals the first
    homes = {char: name for name in reversed(order) for char in have[name]}
    return order[0], homes


@lru_cache(4096)
def _has(name: str, char: str) -> bool:
    """Whether a font has a character, rather than a box that stands for what it lacks."""
    if name == _OWN:
        return char in _KNOWN
    font = _font(name, 24)
    return font is not None and bytes(font.getmask(char)) != bytes(font.getmask("\U0010ffff"))


@lru_cache(64)
def _font(name: str, size: float) -> FreeTypeFont | None:
    """Load a font of the system; None where there is none of that name."""
    from PIL import ImageFont

    try:
        return ImageFont.truetype(name, size) if name else None
    except OSError:
        return None
