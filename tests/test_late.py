"""Modules that the program runs late are, once they are asked for, as they always were."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, sys, threading
from heatlas.core.late import import_late
import_late()
import inspect
import ipaddress
import urllib.parse
import click
ran = "getsource" in vars(inspect)
early = [inspect.cleandoc(text) for text in json.loads(sys.argv[1])]
import numpy as np
said = {"early": early, "ran": ran, "types": "numpy._typing._array_like" in sys.modules,
        "documented": bool(np.ndarray.sort.__doc__)}
found = []
def look():
    found.append((str(inspect.signature(look)), ipaddress.ip_address("::1").version, inspect.getmodule(look).__name__))
threads = [threading.Thread(target=look) for _ in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
import numpy.typing
said |= {"found": sorted(set(found)), "source": inspect.getsource(inspect)[:3],
         "typed": str(np.typing.NDArray[np.int8]),
         "late": inspect.cleandoc(" a\\n  b"), "name": type(inspect).__name__,
         "parts": urllib.parse.urlsplit("http://[::1]:80/").hostname, "product": float((np.eye(3) @ np.ones(3)).sum()),
         "loader": type(inspect.__spec__.loader).__name__}
for name in ("nothing", "__nothing__"):
    assert not hasattr(inspect, name) and not hasattr(np._typing, name)
print(json.dumps(said))
"""
TEXTS = ["", "one line", "ends in blanks  ", " begins with one", "a\tb", "\u2003broad", "a\n\n   b\n   c\n", "\n\n"]


def program(*arguments):
    """Run the program above, and take what it printed."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("texts", [TEXTS[:2], TEXTS])
def test_modules_run_when_they_are_asked_for(texts):
    import inspect

    import numpy as np

    said = program(json.dumps(texts))
    assert said["early"] == [inspect.cleandoc(text) for text in texts]
    assert (said["ran"], said["types"], said["documented"]) == (False, False, False)
    assert said["found"] == [["()", 6, "__main__"]]
    assert (said["source"], said["late"], said["name"]) == ('"""', "a\nb", "module")
    assert said["typed"] == str(np.typing.NDArray[np.int8])
    assert (said["parts"], said["product"], said["loader"]) == ("::1", 3.0, "SourceFileLoader")
