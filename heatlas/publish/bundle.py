"""ES modules of a page as one script, for a page that has no server to fetch them from.

A browser loads no module from file://, as such a page has an origin that equals nothing. So each module becomes a
function that runs once, in the order in which modules need each other, and gives what it exports. This knows the
forms of import and export that the project's own modules and MapLibre's build use, and refuses others.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["bundle"]

_IMPORT = re.compile(r"""^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+["']([^"']+)["'];?[ \t]*$""", re.MULTILINE)
_DECLARED = re.compile(r"^export\s+((?:async\s+)?function\*?|class|const)\s+([\w$]+)", re.MULTILINE)
_LISTED = re.compile(r"(?:^|(?<=[;}]))export\s*\{([^}]*)\};?\s*$", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """Put a module and all that it imports into one script.

    Parameters
    ----------
    entry : str
        Name of the module to run.
    read : callable
        Gives the text of a module; it is told the name as it is imported, without a leading "./".

    Returns
    -------
    str
        Text of a script of type module. Equal modules give equal text.

    Raises
    ------
    ValueError
        When modules need each other in a circle, or one has an import or export of a form that is not known.
    """
    done: dict[str, str] = {}
    _add(entry, read, done, ())
    return "\n".join(done.values())


def _add(name: str, read: Callable[[str], str], done: dict[str, str], above: tuple[str, ...]) -> None:
    if name in done:
        return
    if name in above:
        raise ValueError(f"modules need each other in a circle: {' -> '.join((*above, name))}")
    text = _MAP.sub("", read(name))
    for match in _IMPORT.finditer(text):
        _add(_plain(match[3]), read, done, (*above, name))
    text = _IMPORT.sub(_imported, text)
    exports: dict[str, str] = {}
    for match in _LISTED.finditer(text):
        exports |= {outside: inside for inside, outside in _renamed(match[1])}
    exports |= {match[2]: match[2] for match in _DECLARED.finditer(text)}
    text = _DECLARED.sub(r"\1 \2", _LISTED.sub("", text))
    unknown = _OTHER.search(text)
    if unknown:
        raise ValueError(f"{name}: this form of import or export is not known: {unknown[0][:80]}")
    given = ", ".join(f"{outside}: {inside}" for outside, inside in exports.items())
    done[name] = f"const {_variable(name)} = (() => {{\n{text.strip()}\nreturn {{ {given} }};\n}})();"


def _imported(match: re.Match[str]) -> str:
    module = _variable(_plain(match[3]))
    if match[2]:
        return f"const {match[2]} = {module};"
    names = ", ".join(inside if inside == outside else f"{outside}: {inside}" for outside, inside in _renamed(match[1]))
    return f"const {{ {names} }} = {module};"


def _renamed(listed: str) -> list[tuple[str, str]]:
    """Read `a, b as c`."""
    pairs = [re.split(r"\s+as\s+", part.strip()) for part in listed.split(",") if part.strip()]
    return [(pair[0], pair[-1]) for pair in pairs]


def _plain(path: str) -> str:
    return path.removeprefix("./")


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name)
