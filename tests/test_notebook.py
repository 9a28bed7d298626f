"""The tutorial notebook runs, and is kept without what running it gives."""

from __future__ import annotations

import ast
import io
import os
import re
from pathlib import Path

import pytest
from made import export, gpx, straight
from PIL import Image

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTEBOOK = DOCS / "tutorial.ipynb"
nbformat = pytest.importorskip("nbformat")


def test_it_is_kept_without_outputs():
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert NOTEBOOK.stat().st_size < 30_000


def shown(cell):
    return {kind: text for output in cell.outputs for kind, text in output.get("data", {}).items()}


@pytest.mark.filterwarnings("ignore::DeprecationWarning:zmq", "ignore::RuntimeWarning:zmq")
def test_it_runs(tmp_path, monkeypatch):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("anywidget")
    monkeypatch.syspath_prepend(DOCS)
    import first_steps

    # Files of the run go where the test's do, and what Jupyter remembers too.
    for name, folder in (("IPYTHONDIR", "ipython"), ("JUPYTER_RUNTIME_DIR", "runtime")):
        (tmp_path / folder).mkdir()
        monkeypatch.setenv(name, str(tmp_path / folder))
    for name in ("HEATLAS_CONFIG", "TMPDIR"):  # run() sets them, and they are put back
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(DOCS.parent), os.environ.get("PYTHONPATH", "")]))
    book = first_steps.run(tmp_path)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    pictures = [cell for cell in code if "image/png" in shown(cell)]
    assert len(pictures) >= 6
    assert all("data:image/png;base64," in shown(cell)["text/html"] for cell in pictures)
    live = [cell for cell in code if "application/vnd.jupyter.widget-view+json" in shown(cell)]
    assert len(live) == 1
    assert len(str(book)) < 6_000_000
    again = "the page shows something else: python docs/first_steps.py"
    assert first_steps.PAGE.read_text(encoding="utf-8") == first_steps.page(book), again
    drawn = [picture.size for picture in first_steps.pictures(book)]
    files = sorted(first_steps.PICTURES.iterdir(), key=lambda path: int(path.stem))
    assert [Image.open(io.BytesIO(path.read_bytes())).size for path in files] == drawn, again
    assert sum(path.stat().st_size for path in files) < 300_000


def test_the_page_on_notebooks_runs(tmp_path, monkeypatch):
    """All that needs no other map: what comes before the first of them."""
    pytest.importorskip("anywidget")
    from heatlas.library.manage import import_into

    export(tmp_path / "export.zip")
    import_into(tmp_path / "heatlas.db", tmp_path / "export.zip")
    rows = (f"{60 + k / 100},{25 + k / 50},{k % 30},{'Hospital' if k % 3 else 'Clinic'}\n" for k in range(50))
    (tmp_path / "clinics.csv").write_text("latitude,longitude,beds,type\n" + "".join(rows))
    monkeypatch.chdir(tmp_path)
    text = NOTEBOOK.with_name("how-to").joinpath("notebooks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text.partition("## folium")[0], re.DOTALL)
    assert len(blocks) >= 4
    # All activities of the made export are of one month.
    source = "\n".join(blocks).replace("2026-01-01", "2023-11-16").replace("2025-01-01", "2023-01-01")
    names = {}
    exec(compile(source, "notebooks.md", "exec"), names)
    assert names["heat"].total > 0
    names["live"].close()


def recipe(title):
    """The code of a section of the page on notebooks."""
    text = NOTEBOOK.with_name("how-to").joinpath("notebooks.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    return block


@pytest.fixture(scope="module")
def heat(tmp_path_factory):
    import heatlas

    path = tmp_path_factory.mktemp("recipes") / "a.gpx"
    path.write_bytes(gpx(*straight()))
    tracks = heatlas.open(path)
    return tracks.heat("passes", tracks.window(width=120))


@pytest.mark.parametrize("library", ["folium", "ipyleaflet", "lonboard", "matplotlib"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_recipes_for_other_maps_run(heat, library):
    """Each takes the heat, and has its picture and its corners.."""
    if library == "matplotlib":
        pytest.importorskip(library).use("Agg")
    module = pytest.importorskip(library)
    names = {"heat": heat, library: module}
    code = recipe(library)
    # The last expression is what a notebook shows.
    *lines, last = ast.parse(code).body
    exec(compile(ast.Module(lines, []), f"{library} of notebooks.md", "exec"), names)
    shown = eval(compile(ast.Expression(last.value), f"{library} of notebooks.md", "eval"), names)
    west, south, east, north = heat.bbox
    if library == "folium":
        page = shown.get_root().render()
        assert shown._repr_html_()
        assert heat.to_url() in page
        assert str([[south, west], [north, east]]) in page
    elif library == "ipyleaflet":
        assert shown.layers[-1].url == heat.to_url()
        assert list(shown.layers[-1].bounds) == [(south, west), (north, east)]
    elif library == "lonboard":
        assert shown.layers[0].image == heat.to_url()
        assert tuple(shown.layers[0].bounds) == tuple(heat.bbox)
    else:
        left, bottom, right, top = heat.window.bounds
        assert shown.get_extent() == [left, right, bottom, top]
        names["plt"].close("all")


@pytest.mark.parametrize("library", ["folium", "ipyleaflet", "lonboard"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_recipes_for_live_tiles_name_what_there_is(library):
    module = pytest.importorskip(library)
    address, *layers = recipe("Live tiles in these maps").splitlines()
    (line,) = [line for line in layers if line.startswith(library)]
    names = {library: module}
    exec(address, names)
    layer = eval(line, names)
    assert names["tiles"] in (
        layer.tiles if library == "folium" else layer.data if library == "lonboard" else layer.url
    )
