"""Old flags of the command line: they work, and each is said to have another name now."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FLAGS", "with_new_flags"]

FLAGS = {"--as": "--read-as"}
"""Old flag -> the present one, which is the keyword of Python with hyphens."""


def with_new_flags(words: Sequence[str], say: Callable[[str], None]) -> list[str]:
    """Return the words of a command line with present flags, and say of each old one what it is called now."""
    found: list[str] = []
    for k, word in enumerate(words):
        if word == "--":
            return [*found, *words[k:]]
        flag, is_set, value = word.partition("=")
        if flag in FLAGS:
            say(f"{flag} is called {FLAGS[flag]} now")
            flag = FLAGS[flag]
        found.append(flag + is_set + value)
    return found
