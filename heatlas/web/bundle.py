"""Bundle the ES modules of a page into one script, for a page without a server.

A browser loads no module from file://, as the origin of such a page equals no other. So each module becomes a function
that runs once, after the modules that it needs, and returns its exports. The forms of import and export that the
project's own modules and MapLibre's build use are supported; others are refused.
"""

from __future__ import annotations

import posixpath
import re
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["bundle", "modules"]

_IMPORT = re.compile(r"""^import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+["']([^"']+)["'];?[ \t]*$""", re.MULTILINE)
_DECLARED = re.compile(r"^export\s+((?:async\s+)?function\*?|class|const)\s+([\w$]+)", re.MULTILINE)
_LISTED = re.compile(r"(?:^|(?<=[;}]))export\s*\{([^}]*)\};?\s*$", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_MAP = re.compile(r"^//# sourceMappingURL=.*$", re.MULTILINE)


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """Bundle a module and all that it imports into one script.

    Parameters
    ----------
    entry : str
        Name of the module to run. Its default export, if there is one, is the script's.
    read : callable
        Returns the text of a module by its name: its path from the folder of the entry, without a leading "./".

    Returns
    -------
    str
        Text of a script of type module. Equal modules give equal text.

    Raises
    ------
    ValueError
        When modules need each other in a circle, or one has an unsupported form of import or export.
    """
    done = modules(entry, read)
    parts = [_function(name, text) for name, text in done.items()]
    if "default" in _exports(done[entry]):
        parts.append(f"export default {_variable(entry)}.default;")
    return "\n".join(parts)


def modules(entry: str, read: Callable[[str], str]) -> dict[str, str]:
    """Read a module and all that it imports: names and texts, each after the modules that it needs.

    Raises
    ------
    ValueError
        When modules need each other in a circle.
    """
    found: dict[str, str] = {}
    _add(entry, read, found, ())
    return found


def _add(name: str, read: Callable[[str], str], found: dict[str, str], above: tuple[str, ...]) -> None:
    if name in found:
        return
    if name in above:
        raise ValueError(f"modules need each other in a circle: {' -> '.join((*above, name))}")
    text = read(name)
    for match in _IMPORT.finditer(text):
        _add(_resolved(name, match[3]), read, found, (*above, name))
    found[name] = text


def _function(name: str, text: str) -> str:
    """Turn a module into a function that returns its exports."""
    exports = _exports(text)
    text = _IMPORT.sub(partial(_imported, name), _MAP.sub("", text))
    text = _DECLARED.sub(r"\1 \2", _LISTED.sub("", text))
    unknown = _OTHER.search(text)
    if unknown:
        raise ValueError(f"{name}: this form of import or export is not known: {unknown[0][:80]}")
    given = ", ".join(f"{outside}: {inside}" for outside, inside in exports.items())
    return f"const {_variable(name)} = (() => {{\n{text.strip()}\nreturn {{ {given} }};\n}})();"


def _exports(text: str) -> dict[str, str]:
    """Exported names of a module -> their names inside it."""
    listed = {outside: inside for match in _LISTED.finditer(text) for inside, outside in _renamed(match[1])}
    return listed | {match[2]: match[2] for match in _DECLARED.finditer(text)}


def _imported(name: str, match: re.Match[str]) -> str:
    module = _variable(_resolved(name, match[3]))
    if match[2]:
        return f"const {match[2]} = {module};"
    names = ", ".join(inside if inside == outside else f"{outside}: {inside}" for outside, inside in _renamed(match[1]))
    return f"const {{ {names} }} = {module};"


def _renamed(listed: str) -> list[tuple[str, str]]:
    """Read `a, b as c`."""
    pairs = [re.split(r"\s+as\s+", part.strip()) for part in listed.split(",") if part.strip()]
    return [(pair[0], pair[-1]) for pair in pairs]


def _resolved(name: str, path: str) -> str:
    """Name of a module that the module `name` imports from `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name)
