"""The Containerfile: built where a builder and its base image are to be had, and looked at in any case."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "how-to" / "container.md"


def instructions():
    """Stages of the file, each a list of (instruction, words)."""
    text = re.sub(r"\\\n", " ", (ROOT / "Containerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    stages = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages.append([])
        stages[-1].append((word, rest.strip()))
    return stages


def last(name):
    return [words for word, words in instructions()[-1] if word == name][-1]


def test_each_instruction_is_one_that_there_is():
    known = {
        "FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT",
        "CMD",
    }  # fmt: skip
    assert {word for stage in instructions() for word, _ in stage} == known


def test_what_is_copied_is_there_and_in_the_context():
    context = [line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")]
    copied = [words.split() for word, words in instructions()[0] if word == "COPY"]
    named = [name for words in copied for name in words[:-1]]
    assert sorted(named) == sorted(context)
    assert all((ROOT / name).exists() for name in named)
    (made,) = [words for word, words in instructions()[-1] if word == "COPY"]
    assert made == "--from=build /opt/heatlas /opt/heatlas"


def test_extras_that_are_installed_are_declared():
    import tomllib

    (run,) = [words for word, words in instructions()[0] if word == "RUN"]
    asked = re.search(r"'\.\[([\w,]+)\]'", run)[1].split(",")
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(asked) <= set(known)
    assert {"server", "mysql"} <= set(asked)


def test_the_python_is_one_that_is_supported():
    (version,) = {re.search(r"python:(3\.\d+)-slim", words)[1] for stage in instructions() for word, words in stage[:1]}
    assert f"Python :: {version}" in (ROOT / "pyproject.toml").read_text()


def test_it_runs_as_nobody_with_a_volume():
    order = [word for word, _ in instructions()[-1]]
    assert re.fullmatch(r"[1-9]\d{3,}", last("USER"))
    assert f"--uid {last('USER')} " in last("RUN")
    assert order.index("RUN") < order.index("USER")
    (volume,) = json.loads(last("VOLUME"))
    assert f"chown heatlas:heatlas {volume}" in last("RUN")
    for name in ("HEATLAS_CONFIG",):  # nothing is written anywhere else
        assert re.search(rf"{name}=(\S+)", last("ENV"))[1].startswith(f"{volume}/")


def test_the_health_check_asks_for_what_is_served():
    from serving import client

    from heatlas.library.file.opening import open_library

    words = json.loads(last("HEALTHCHECK").partition("CMD ")[2])
    compile(words[2], "health", "exec")
    port, path = re.search(r"127\.0\.0\.1:(\d+)(/\w+)", words[2]).groups()
    assert port == last("EXPOSE") == "8765"
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        open_library(f"{folder}/lib.db", create=True).close()
        with client(f"{folder}/lib.db", token="s3cret") as web:
            assert web.get(path).status_code == 200  # without the token


def parsed(words):
    """What the command line makes of words, without running anything."""
    from heatlas.cli import group

    with group.make_context("heatlas", list(words)) as outer:
        name, command, rest = group.resolve_command(outer, [*outer._protected_args, *outer.args])
        return name, command.make_context(name, rest).params


def test_the_command_is_one_of_heatlas():
    assert json.loads(last("ENTRYPOINT")) == ["heatlas"]
    name, params = parsed(json.loads(last("CMD")))
    assert (name, params["watch"], params["host"]) == ("serve", ("/data",), "0.0.0.0")
    assert params["sources"] == ("/library/heatlas.db",)
    assert params["port"] == 8765


def test_a_token_of_the_environment_is_taken(tmp_path, monkeypatch):
    from click.testing import CliRunner

    from heatlas.cli import group
    from heatlas.library.file.opening import open_library

    open_library(tmp_path / "lib.db", create=True).close()
    given = []
    monkeypatch.setattr("heatlas.server.serve", lambda path, **site: given.append(site.get("token")))
    for environment, words in (({"HEATLAS_TOKEN": "a"}, ()), ({"HEATLAS_TOKEN": "a"}, ("--token", "b")), ({}, ())):
        asked = ["serve", str(tmp_path / "lib.db"), *words]
        assert CliRunner().invoke(group, asked, env=environment, catch_exceptions=False).exit_code == 0
    assert given == ["a", "b", None]
    refused = CliRunner().invoke(group, ["serve", str(tmp_path / "lib.db")], env={"HEATLAS_TOKEN": ""})
    assert "HEATLAS_TOKEN is empty" in str(refused.exception)
    assert len(given) == 3


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def test_the_compose_example_fits_the_image():
    yaml = pytest.importorskip("yaml")
    (text,) = blocks("yaml")
    compose = yaml.safe_load(text)
    heatlas, caddy = compose["services"]["heatlas"], compose["services"]["caddy"]
    assert (ROOT / heatlas["build"]["dockerfile"]).is_file()
    named = {volume.split(":")[0] for service in (heatlas, caddy) for volume in service["volumes"]}
    assert {name for name in named if "/" not in name} == set(compose["volumes"])
    targets = {volume.split(":")[1] for volume in heatlas["volumes"]}
    assert targets == {*json.loads(last("VOLUME")), "/data"}
    assert heatlas["expose"] == [last("EXPOSE")]
    # Images of the OCI format have no health check of their own, and Caddy waits for one.
    assert heatlas["healthcheck"]["test"] == ["CMD", *json.loads(last("HEALTHCHECK").partition("CMD ")[2])]
    assert "ports" not in heatlas  # only Caddy is reached from elsewhere
    proxied = [line.split()[1] for block in blocks("text") for line in block.splitlines() if "reverse_proxy" in line]
    assert proxied == [f"heatlas:{last('EXPOSE')}"]


def builder():
    """Program that can build here without fetching a base image: neither does the test, as that takes minutes."""
    name = next((name for name in ("podman", "buildah", "docker") if shutil.which(name)), None)
    if name is None:
        pytest.skip("no podman, buildah or docker is installed")
    if said(name, "info").returncode:
        pytest.skip(f"{name} cannot build here")
    base = instructions()[-1][0][1]
    asked = ("inspect", "--type", "image", base) if name == "buildah" else ("image", "inspect", base)
    if said(name, *asked).returncode:
        pytest.skip(f"{base} is not among the images of {name}: say {name} pull {base} to have it built")
    return name


def said(*words, timeout=120):
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=timeout)


@contextmanager
def container(name, tag):
    """Words that run a script in a new container, with a volume that goes with it."""
    if name != "buildah":
        yield [name, "run", "--rm", "-e", "HEATLAS_TOKEN=s3cret", "--entrypoint", "sh", tag, "-c"]
        return
    made = said(name, "from", "--pull-never", tag).stdout.strip()
    try:
        yield [name, "run", "--env", "HEATLAS_TOKEN=s3cret", made, "--", "sh", "-c"]
    finally:
        said(name, "rm", made)


def test_it_builds_and_serves_as_nobody_until_it_is_stopped():
    name, tag = builder(), "localhost/heatlas-test"
    form = [] if name == "docker" else ["--format", "docker"]
    pull = [] if name == "docker" else ["--pull=never"]
    built = said(name, "build", *form, *pull, "-f", "Containerfile", "-t", tag, ".", timeout=1800)
    assert built.returncode == 0, built.stderr
    assert "not supported" not in built.stderr  # such as the health check
    command = shlex.join(json.loads(last("ENTRYPOINT")) + json.loads(last("CMD")))
    health = shlex.join(json.loads(last("HEALTHCHECK").partition("CMD ")[2]))
    script = f"""
        id -u; heatlas --version
        {command} & server=$!
        for second in $(seq 90); do {health} 2>/dev/null && echo healthy && break; sleep 1; done
        kill -TERM $server; wait $server; echo ended with $?; ls /library
    """
    with container(name, tag) as run:
        found = said(*run, script, timeout=300)
    lines = found.stdout.split("\n")
    assert lines[0] == last("USER"), found
    assert lines[1].startswith("heatlas, version ")
    assert {"healthy", "ended with 0", "heatlas.db"} <= set(lines), found
    assert "?token=s3cret" in found.stderr
    said(name, "rmi", tag)
