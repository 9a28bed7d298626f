"""Figures of the structure: rooms, floors, arrows, circles of imports, long signatures, long functions, long files.

    python benchmarks/structure.py [--json] [--least 8] [FOLDER]

FOLDER is a package, by default heatlas itself. A room is a module or package directly in it; an arrow is an import from
one room to another, wherever it stands, in a function too; floors are the rooms on the longest path of arrows, where
rooms of a circle count as one. Type-only imports stand under `if TYPE_CHECKING:`. Nothing is imported: all is read.
"""

from __future__ import annotations

import argparse
import ast
import json
import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PACKAGE = Path(__file__).resolve().parents[1] / "heatlas"


@dataclass
class Code:
    """All modules of a package, parsed."""

    name: str
    modules: dict[str, ast.Module] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)


def read(folder: Path) -> Code:
    """Parse all modules below a folder."""
    code = Code(folder.name)
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if parts[-1] == "__init__":
            code.packages.add(name)
        text = path.read_text(encoding="utf-8")
        code.modules[name], code.lines[name] = ast.parse(text), len(text.splitlines())
    return code


def _statements(tree: ast.AST, typing: bool = False) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """All imports, and whether each is for types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, typing
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for part, only in ((node.body, True), (node.orelse, typing)):
                yield from _statements(ast.Module(part, []), only)
        elif not isinstance(node, ast.expr):  # of which most of a tree is, and none holds a statement
            yield from _statements(node, typing)


def _targets(code: Code, module: str, node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = node.module or ""
        if node.level:
            above = module.split(".") if module in code.packages else module.split(".")[:-1]
            base = ".".join([*above[: len(above) - node.level + 1], *filter(None, [base])])
        names = [f"{base}.{alias.name}" for alias in node.names]
        names = [name if name in code.modules else base for name in names]
    return (name for name in names if name in code.modules and name != module)


def imports(code: Code, types: bool) -> dict[str, set[str]]:
    """Module -> modules that it imports; with `types` also those that it imports for types alone."""
    found: dict[str, set[str]] = {}
    for module, tree in code.modules.items():
        wanted = (node for node, only in _statements(tree) if types or not only)
        found[module] = {target for node in wanted for target in _targets(code, module, node)}
    return found


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Groups of modules that reach each other (Tarjan, Depth-first search and linear graph algorithms, 1972)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    waiting: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        waiting.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
            if other in waiting:
                low[node] = min(low[node], low[other])
        if low[node] == order[node]:
            group = waiting[waiting.index(node) :]
            del waiting[len(waiting) - len(group) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return sorted(found)


def rooms(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Room -> rooms that it imports."""
    found: dict[str, set[str]] = defaultdict(set)
    for module, targets in graph.items():
        room = _room(module)
        if room is None:
            continue
        found[room] |= {other for target in targets if (other := _room(target)) not in {None, room}}  # type: ignore[misc]
    return dict(found)


def _room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] != "__main__" else None


def floors(graph: Mapping[str, set[str]]) -> int:
    """Rooms on the longest path."""
    together = {room: group[0] for group in circles(graph) for room in group}
    joined: dict[str, set[str]] = defaultdict(set)
    for room, targets in graph.items():
        name = together.get(room, room)
        joined[name] |= {together.get(target, target) for target in targets} - {name}

    @cache
    def depth(room: str) -> int:
        return 1 + max(map(depth, joined[room]), default=0)

    return max(map(depth, list(joined)), default=0)


def functions(code: Code) -> list[dict[str, Any]]:
    """All functions: where they are, arguments without self and cls, lines."""
    found = []
    for module, tree in code.modules.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                named = [each.arg for each in given if each.arg not in {"self", "cls"}]
                count = len(named) + (node.args.vararg is not None) + (node.args.kwarg is not None)
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                found.append({"name": f"{module}.{node.name}", "arguments": count, "lines": lines})
    return found


def public_names(code: Code) -> list[str]:
    """What the package says in `__all__`."""
    for node in code.modules[code.name].body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return sorted(ast.literal_eval(node.value))
    return []


def figures(folder: Path = PACKAGE, least: int = 8) -> dict[str, Any]:
    """All figures as plain data."""
    code = read(folder)
    running, typed = imports(code, False), imports(code, True)
    between = rooms(running)
    defined = functions(code)
    jitted = {each["name"] for each in defined if ".kernels." in each["name"]}
    long = [each for each in defined if each["arguments"] >= least]
    lengths = sorted(each["lines"] for each in defined)
    return {
        "files": len(code.modules),
        "lines": sum(code.lines.values()),
        "rooms": len(between),
        "floors": floors(between),
        "arrows": sum(map(len, between.values())),
        "arrows_with_types": sum(map(len, rooms(typed).values())),
        "circles": circles(running),
        "circles_with_types": circles(typed),
        "circles_of_rooms": circles(between),
        "median_file": statistics.median(code.lines.values()),
        "longest_file": max((lines, name) for name, lines in code.lines.items()),
        "functions": len(defined),
        "median_function": statistics.median(lengths),
        "longest_function": max((each["lines"], each["name"]) for each in defined),
        "longest_functions": sorted(defined, key=lambda each: (-each["lines"], each["name"]))[:15],
        "most_arguments": max((each["arguments"], each["name"]) for each in defined),
        "long_signatures": sorted(
            (each for each in long if each["name"] not in jitted), key=lambda each: (-each["arguments"], each["name"])
        ),
        "long_signatures_of_kernels": sum(each["name"] in jitted for each in long),
        "names_of_rooms": sorted(between),
        "public_names": public_names(code),
    }


def table(found: Mapping[str, Any], least: int) -> str:
    """The figures in Markdown."""
    above = sum(each["arguments"] > 10 for each in found["long_signatures"])
    rows = {
        "files, lines": f"{found['files']}, {found['lines']:,}",
        "rooms": found["rooms"],
        "floors": found["floors"],
        "arrows between rooms (with type-only imports)": f"{found['arrows']} ({found['arrows_with_types']})",
        "circles of modules at run time": len(found["circles"]),
        "circles with type-only imports": len(found["circles_with_types"]),
        "circles of rooms": len(found["circles_of_rooms"]),
        "file: median, longest": f"{found['median_file']:g}, {found['longest_file'][0]} ({found['longest_file'][1]})",
        "functions": found["functions"],
        "function: median, longest": "{:g}, {} ({})".format(found["median_function"], *found["longest_function"]),
        f"functions of {least} arguments or more, without kernels": len(found["long_signatures"]),
        "of more than 10": above,
        f"kernels of {least} arguments or more": found["long_signatures_of_kernels"],
        "public names": len(found["public_names"]),
    }
    parts = ["| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())]
    for kind in ("circles", "circles_with_types", "circles_of_rooms"):
        parts += [f"{kind.replace('_', ' ')}: {', '.join(group)}" for group in found[kind]]
    parts.append(_listed(f"Functions of {least} arguments or more", found["long_signatures"], "arguments"))
    parts.append(_listed("Longest functions", found["longest_functions"], "lines"))
    parts.append("Rooms: " + ", ".join(found["names_of_rooms"]))
    parts.append("Public names: " + ", ".join(found["public_names"]))
    return "\n\n".join(parts)


def _listed(title: str, items: list[dict[str, Any]], by: str) -> str:
    return f"| {title} | {by} |\n|---|---|\n" + "\n".join(f"| `{each['name']}` | {each[by]} |" for each in items)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=PACKAGE)
    parser.add_argument("--least", type=int, default=8, help="arguments from which a signature is listed")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    asked = parser.parse_args()
    found = figures(asked.folder.resolve(), asked.least)
    print(json.dumps(found, indent=1) if asked.json else table(found, asked.least))


if __name__ == "__main__":
    main()
