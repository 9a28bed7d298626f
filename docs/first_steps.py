"""Make the page of first steps in Python from the notebook, by running it: ``python docs/first_steps.py``.

The page shows what each cell says and draws. `tests/test_notebook.py` runs the notebook and holds the page to it.
"""

from __future__ import annotations

import base64
import io
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parent
NOTEBOOK = DOCS / "tutorial.ipynb"
PAGE = DOCS / "first-steps.md"
PICTURES = DOCS / "first-steps"
HEAD = """\
# First steps in Python

This is the notebook [tutorial.ipynb](tutorial.ipynb), with what its cells print and draw.
It uses made-up data, so it runs as it stands.
"""
LIVE = "![A live map in a notebook: the same as that of heatlas serve](live-map.png)"


def run(folder: Path) -> Any:
    """The notebook with outputs; files of the run go into the folder.

    Cuts follow from the owner's secret: here from one that is always the same.
    """
    import nbclient
    import nbformat

    os.environ |= {"HEATLAS_CONFIG": str(folder / "config"), "TMPDIR": str(folder)}
    (folder / "config").mkdir()
    (folder / "config" / "secret").write_text("0" * 64)
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        book, timeout=240, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    return book


def pictures(book: Any) -> list[Image.Image]:
    """What the cells draw, in order."""
    return [
        Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
        for cell in book.cells
        for output in cell.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]


def page(book: Any) -> str:
    """The page, for a notebook that has been run."""
    numbers = iter(range(1, 100))
    parts = [HEAD]
    for cell in book.cells:
        text = "".join(cell.source)
        if cell.cell_type == "markdown":
            # The title is the page's, and what the notebook says of the page is no news here.
            parts.append(re.sub(r"^# .*\n+", "", text))
        else:
            parts.append(f"```python\n{text}\n```")
            parts += _outputs(cell.outputs, numbers)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _outputs(outputs: Any, numbers: Iterator[int]) -> Iterator[str]:
    """Text as it is printed, and references to pictures."""
    for output in outputs:
        data = output.get("data", {})
        if "application/vnd.jupyter.widget-view+json" in data:
            yield LIVE
        elif "image/png" in data:
            words = data["text/plain"].replace("[", "(").replace("]", ")")
            yield f"![{words}]({PICTURES.name}/{next(numbers)}.webp)"
        else:
            printed = output.get("text") or data["text/plain"]
            yield f"```{{ .text .no-copy .printed }}\n{printed.rstrip()}\n```"


def main() -> None:
    """Run the notebook, and write the page and its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        book = run(Path(folder))
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.webp"):
        old.unlink()
    for number, picture in enumerate(pictures(book), 1):
        picture.convert("RGBA").save(PICTURES / f"{number}.webp", quality=80, method=6)
    PAGE.write_text(page(book), encoding="utf-8", newline="\n")
    print(PAGE.name, len(pictures(book)), "pictures")


if __name__ == "__main__":
    main()
