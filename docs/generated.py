"""Parts of pages that are made from the code: the command line, the addresses of the server, lists of names.

A hook of MkDocs. Where a page holds ``<!-- generated: NAME -->`` on a line of its own, what the function of that name
gives is put in its place. Blocks of a console are parted into commands, which the button of a block copies, and what
they print, which it does not.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PARTS", "on_page_markdown"]

_MARK = re.compile(r"^<!-- generated: ([a-z-]+) -->$", re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put generated parts into a page: MkDocs calls this for each of them."""
    markdown = _MARK.sub(lambda match: "\n".join(PARTS[match[1]]()), markdown)
    return _CONSOLE.sub(lambda match: "\n".join(_parted(match[1])), markdown)


def _parted(console: str) -> Iterator[str]:
    """Blocks of commands, without prompts, and of output."""
    # A command may go on in the next line, after a backslash.
    for match in re.finditer(r"((?:^\$ (?:.*\\\n)*.*\n)+)|((?:^(?!\$ ).*\n)+)", console, re.MULTILINE):
        commands, printed = match.groups()
        if commands:
            yield f"```bash\n{re.sub(r'^[$] ', '', commands, flags=re.MULTILINE)}```"
        else:
            yield f"```{{ .text .no-copy .printed }}\n{printed}```"


def _cell(text: str) -> str:
    """Text for a cell of a table."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


def _plain(text: str) -> str:
    """Text that is no Markdown, but for what stands between backticks."""
    parts = " ".join(text.split()).split("`")
    for k in range(0, len(parts), 2):
        parts[k] = parts[k].replace("&", "&amp;").replace("<", "&lt;").replace("[", "&#91;")
    return "`".join(parts)


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Name, command and context of each command of heatlas, groups before what is in them."""
    from heatlas.cli import group

    waiting: list[tuple[str, click.Command, click.Context | None]] = [("heatlas", group, None)]
    while waiting:
        name, command, parent = waiting.pop(0)
        context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
        yield name, command, context
        if isinstance(command, click.Group):
            inside = [(word, command.get_command(context, word)) for word in command.list_commands(context)]
            waiting = [(f"{name} {word}", found, context) for word, found in inside if found is not None] + waiting


def _command_line() -> Iterator[str]:
    for name, command, context in commands():
        if name == "heatlas":
            continue
        yield f"{'###' if name.count(' ') > 1 else '##'} {name}\n"
        yield from _help(command)
        if isinstance(command, click.Group):
            continue
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield f"```text\n{usage}\n```\n"
        for option in command.params:
            record = option.get_help_record(context)
            if isinstance(option, click.Option) and record is not None and option.name != "help":
                yield f"`{record[0]}`\n:   {_plain(record[1])}\n"


def _help(command: click.Command) -> Iterator[str]:
    """The help text as Markdown; what it shows as it is stays so."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield f"```text\n{paragraph[2:]}\n```\n"
        else:
            yield f"{paragraph}\n"


def _http() -> Iterator[str]:
    from heatlas.server.openapi.description import description

    for path, methods in description(public=False, of_points=["sum(NAME)"])["paths"].items():
        for method, operation in methods.items():
            yield f"### {method.upper()} {path}\n"
            yield f"{operation['summary']}.\n"
            yield from _parameters(operation.get("parameters", []))
            for status, response in operation["responses"].items():
                types = ", ".join(f"`{kind}`" for kind in response.get("content", {}))
                if status == "200":
                    yield f"Answers {types}."
                    yield from _fields(response["content"])
            refusals = [code for code in operation["responses"] if code >= "400"]
            yield f'Refuses with {", ".join(refusals)} and `{{"error": "one sentence"}}`.\n'


def _parameters(parameters: list[dict[str, Any]]) -> Iterator[str]:
    if not parameters:
        return
    yield "| parameter | where | |\n|---|---|---|"
    for one in parameters:
        must = " (needed)" if one["required"] and one["in"] != "path" else ""
        yield f"| `{one['name']}` | {one['in']}{must} | {_cell(one['description'])}{_limits(one['schema'])} |"
    yield ""


def _limits(schema: dict[str, Any]) -> str:
    """What a schema allows, in words."""
    said = []
    if "minimum" in schema and "maximum" in schema:
        said.append(f"{schema['minimum']:g} to {schema['maximum']:g}" if schema["maximum"] < 1e6 else "")
    if "default" in schema:
        said.append(f"by default {schema['default']}")
    if "maxItems" in schema:
        said.append(f"up to {schema['maxItems']} times")
    return "".join(f"; {text}" for text in said if text)


def _fields(content: dict[str, Any]) -> Iterator[str]:
    for media in content.values():
        names = media.get("schema", {}).get("properties", {})
        yield f"Fields: {', '.join(f'`{name}`' for name in names)}.\n" if names else ""


def _colormaps() -> Iterator[str]:
    from heatlas.style.colormaps import names

    yield ", ".join(f"`{name}`" for name in names()) + "."


def _errors() -> Iterator[str]:
    import heatlas.core.errors

    tree = textwrap.dedent((heatlas.core.errors.__doc__ or "").partition("::")[2].strip("\n"))
    yield f"```text\n{tree.rstrip()}\n```\n"


def _keywords() -> Iterator[str]:
    from heatlas.options import RenderOptions, options_of

    yield "| keyword | type | outputs | |\n|---|---|---|---|"
    for option in options_of(RenderOptions).values():
        kinds = "all" if len(option.kinds) == 4 else ", ".join(option.kinds)
        yield f"| `{option.name}` | {_cell(option.annotation)} | {kinds} | {_cell(option.help)} |"
    yield ""


def _metrics() -> Iterator[str]:
    from heatlas.raster.measure import Measure
    from heatlas.style.defaults import measure_unit
    from heatlas.tracks.metrics import METRICS
    from heatlas.tracks.metrics.sports import SPORTS_OF

    yield "| metric | unit | needs | of | tells |\n|---|---|---|---|---|"
    for entry in METRICS.values():
        if entry.listed:
            measure = Measure(entry.reduction, entry.name)
            unit = measure_unit(measure)
            needs = ", ".join(f"`{name}`" for name in sorted(measure.columns))
            _, sports = SPORTS_OF.get(entry.sports, ((), ""))
            yield f"| `{entry.name}` | {unit.label or unit.symbol} | {needs} | {sports} | {_cell(entry.about)} |"
    yield ""


PARTS = {
    "command-line": _command_line,
    "http": _http,
    "colormaps": _colormaps,
    "errors": _errors,
    "keywords": _keywords,
    "metrics": _metrics,
}
"""Name -> function that gives the lines of a part."""
