"""What the project says of itself in several places is the same in all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from slow_tests import slow_tests

import heatlas

ROOT = Path(__file__).resolve().parents[1]
yaml = pytest.importorskip("yaml")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))


def test_workflow_runs_every_python_that_is_claimed(project, workflow):
    claimed = [
        found[1] for line in project["classifiers"] if (found := re.fullmatch(r"Programming .* :: (3\.\d+)", line))
    ]
    assert claimed[0] == project["requires-python"].removeprefix(">=")
    jobs = workflow["jobs"]
    assert jobs["linux"]["strategy"]["matrix"]["python"] == claimed
    assert jobs["others"]["strategy"]["matrix"]["python"] == [claimed[0], claimed[-1]]


def test_workflow_runs_linux_as_anybody_does(workflow):
    assert [step["run"] for step in workflow["jobs"]["linux"]["steps"] if "run" in step] == [".ci/run"]
    assert (ROOT / ".ci" / "run").is_file()


def test_all_means_every_extra_of_users(project):
    extras = project["optional-dependencies"]
    named = set(re.findall(r"\w+", extras["all"][0].partition("[")[2]))
    notebook = set(re.findall(r"\w+", extras["notebook"][0].partition("[")[2]))
    assert named | notebook == set(extras) - {"all", "bench", "docs", "jit", "test"}


def test_citation_is_of_this_version(project):
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == heatlas.__version__
    assert citation["abstract"] == f"{project['description']}."
    assert citation["license"] == project["license"]


def test_hooks_run_what_the_check_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    check = (ROOT / "check").read_text(encoding="utf-8")
    assert {hook["entry"].split()[0] for hook in hooks} <= set(re.findall(r"\.venv/bin/([\w-]+)", check))


def test_forms_ask_for_reports_without_positions():
    folder = ROOT / ".github" / "ISSUE_TEMPLATE"
    for name in ("fault.yml", "format.yml"):
        form = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        assert any("info SOURCE --json --no-positions" in str(part["attributes"].get("label")) for part in form["body"])
    for path in folder.glob("*.yml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


def test_slow_tests_are_tests():
    """A test that was renamed would be fast without anybody having said so."""
    for name in slow_tests():
        file, _, function = name.partition("::")
        assert f"def {function}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), name
