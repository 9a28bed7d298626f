"""Where a server listens, and what it says when it cannot."""

from __future__ import annotations

import logging
import socket

import pytest
from library_made import made

from heatlas.core.errors import BadOption
from heatlas.server.running import serve


@pytest.fixture
def library(tmp_path):
    made(tmp_path / "lib.db", []).close()
    return tmp_path / "lib.db"


@pytest.mark.parametrize(("host", "name"), [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("[::1]", "::1")])
def test_a_port_that_another_has_is_told_once(library, capfd, host, name):
    logging.getLogger("uvicorn.error").handlers.clear()
    try:
        family, *_, address = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM)[0]
        other = socket.create_server(address[:2], family=family)
    except OSError:
        pytest.skip("this machine has no such address")
    with other:
        port = other.getsockname()[1]
        with pytest.raises(BadOption) as refused:
            serve(library, host=host, port=port)
    assert str(refused.value) == f"port {port} at {name} cannot be used: another program has it, take another"
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("host", ["192.0.2.1", "nobody.invalid"])
def test_an_address_of_another_machine_is_refused(library, host):
    with pytest.raises(BadOption, match=f"^{host} is no address of this machine: listen at 127.0.0.1"):
        serve(library, host=host, port=0, public=True)
