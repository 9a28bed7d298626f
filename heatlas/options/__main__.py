"""Write `heatlas/options/keywords.py`; run ``python -m heatlas.options`` when an option was added or changed."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.options.option import groups_of, options_of
from heatlas.options.requests import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["main", "module_text"]

_HEAD = '''"""Options as types of keywords, so that editors and type checkers know them.

Written by ``python -m heatlas.options`` from the fields of the groups in `heatlas.options`: change them there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Literal

    from numpy.typing import ArrayLike
'''


def module_text() -> str:
    """Return the text of the module."""
    names = textwrap.indent(textwrap.fill(", ".join(f'"{name}"' for name in sorted(KEYWORDS)), 112), "    ")
    parts = [f"{_HEAD}\n__all__ = [\n{names},\n]  # fmt: skip\n"]
    named = {request: name for name, request in KEYWORDS.items()}
    groups = dict.fromkeys(group for request in KEYWORDS.values() for group in groups_of(request))
    requests = dict.fromkeys([*groups, *KEYWORDS.values()])
    parts += ["\n".join(_lines(request, named)).rstrip() + "\n" for request in requests]
    return "\n\n".join(parts)


def _lines(request: type, named: Mapping[type, str]) -> Iterator[str]:
    """Class of a group, or of a request, whose bases are its groups."""

    def name_of(kind: type) -> str:
        return named.get(kind) or f"_{kind.__name__.removesuffix('Options')}"

    groups = groups_of(request)
    said = [*([*map(name_of, groups)] or ["TypedDict"]), "total=False"]
    line = f"class {name_of(request)}({', '.join(said)}):"
    if len(line) > 120:
        line = "\n    ".join([f"class {name_of(request)}(", *(f"{one}," for one in said)]) + "\n):"
    yield line
    yield f'    """Keywords of `heatlas.options.{request.__name__}`."""\n'
    shared = {name for group in groups for name in options_of(group)}
    for option in options_of(request).values():
        if option.name in shared:
            continue
        yield f"    {option.name}: {option.annotation}{'' if option.type is bool else ' | None'}"
        words = " ".join(option.help.replace("\\", "\\\\").split())
        quoted = words.replace('"', "'") if words.endswith('"') else words
        yield "\n".join(textwrap.wrap(f'"""{quoted}"""', 116, initial_indent="    ", subsequent_indent="    "))


def main() -> None:
    """Write the module."""
    Path(__file__).with_name("keywords.py").write_text(module_text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
