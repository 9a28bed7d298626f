"""Write `heatlas/options/keywords.py`; run ``python -m heatlas.options`` when an option was added or changed."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from heatlas.options.option import options_of
from heatlas.options.requests import KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main", "module_text"]

_HEAD = '''"""Options as types of keywords, so that editors and type checkers know them.

Written by ``python -m heatlas.options`` from the fields of the groups in `heatlas.options`: change them there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Mapping, Sequence
'''


def module_text() -> str:
    """Return the text of the module."""
    names = textwrap.indent(textwrap.fill(", ".join(f'"{name}"' for name in sorted(KEYWORDS)), 112), "    ")
    parts = [f"{_HEAD}\n__all__ = [\n{names},\n]  # fmt: skip\n"]
    for name, request in sorted(KEYWORDS.items()):
        parts.append("\n".join(_lines(name, request)))
    return "\n\n".join(parts)


def _lines(name: str, request: type) -> Iterator[str]:
    yield f"class {name}(TypedDict, total=False):"
    yield f'    """Keywords of `heatlas.options.{request.__name__}`."""\n'
    for option in options_of(request).values():
        yield f"    {option.name}: {option.annotation}{'' if option.type is bool else ' | None'}"
        words = " ".join(option.help.replace("\\", "\\\\").split())
        quoted = words.replace('"', "'") if words.endswith('"') else words
        yield "\n".join(textwrap.wrap(f'"""{quoted}"""', 116, initial_indent="    ", subsequent_indent="    "))
    yield ""


def main() -> None:
    """Write the module."""
    Path(__file__).with_name("keywords.py").write_text(module_text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
