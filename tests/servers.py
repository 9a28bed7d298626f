"""A MariaDB and a PostgreSQL of the tests' own: made in a temporary folder, shared by all workers, gone at the end.

`python servers.py FOLDER` is the keeper: it starts both servers in FOLDER and stops them when no process that has
registered itself in FOLDER/users lives any more. So one pair serves all workers of a run, whichever of them comes
first or last, and none is left behind when a worker is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

try:
    import fcntl
except ImportError:  # no servers of our own on Windows
    fcntl = None

PASSWORD = "s3cr:t/p@ss%w?rd #1"
"""Of the user `heat` on both servers; it holds all that a URL must encode."""
USER, DATABASE = "heat", "atlas"
PACKAGES = "mariadb-server postgresql postgresql-postgis"
_START_SECONDS = 60.0


def program(*names: str) -> str | None:
    """Path of the first of these programs that is installed, also where Debian keeps servers."""
    folders = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        Path("/usr/sbin"),
        Path("/usr/libexec"),
    ]
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def missing() -> list[str]:
    """Servers that are not installed here."""
    servers = {"MariaDB": ("mariadbd", "mariadb-install-db"), "PostgreSQL": ("postgres", "initdb")}
    return [server for server, names in servers.items() if fcntl is None or not all(map(program, names))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def url(port: int, scheme: str, *, user: str = USER, password: str | None = PASSWORD, database: str = DATABASE) -> str:
    """URL of the server on this port; the password is encoded."""
    secret = "" if password is None else ":" + quote(password, safe="")
    return f"{scheme}://{user}{secret}@127.0.0.1:{port}/{database}"


def join(folder: Path) -> dict[str, int]:
    """Register this process as a user of the servers in the folder, start them if need be, and give their ports."""
    with lock(folder):
        (folder / "users").mkdir(exist_ok=True)
        (folder / "users" / str(os.getpid())).touch()
        if not (folder / "keeper").exists():
            (folder / "keeper").touch()
            detach([sys.executable, __file__, str(folder)], folder / "keeper.log")
    until = time.monotonic() + _START_SECONDS + 30
    while not (folder / "ready.json").exists():
        if time.monotonic() > until or (folder / "failed").exists():
            raise RuntimeError(f"the servers did not start:\n{(folder / 'keeper.log').read_text()}")
        time.sleep(0.05)
    ports: dict[str, int] = json.loads((folder / "ready.json").read_text())
    return ports


def detach(command: list[str], log: Path) -> None:
    """Start a program that outlives this one."""
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    to_log = [(os.POSIX_SPAWN_OPEN, 1, str(log), writing, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
    no_input = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    os.posix_spawn(command[0], command, os.environ, file_actions=[no_input, *to_log], setsid=True)


def leave(folder: Path) -> None:
    """Say that this process needs the servers no more."""
    (folder / "users" / str(os.getpid())).unlink(missing_ok=True)


@contextlib.contextmanager
def lock(folder: Path):
    """Let one process at a time start and stop servers; the lock lies beside the folder, and goes with it."""
    path = folder.with_suffix(".lock")
    while True:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists() or not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                continue  # whoever held it has removed it
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)  # the servers' own users go through it
            yield
            return


def run_as(user: str) -> dict[str, object]:
    """Arguments of `subprocess` that start a program as this user where the tests run as root."""
    return {"user": user, "group": user, "extra_groups": []} if os.geteuid() == 0 else {}


def own_temporary(folder: Path) -> dict[str, str]:
    """Environment in which a server keeps temporary files in its own folder: it may have no right to any other."""
    return {**os.environ, "TMPDIR": str(folder)}


def start_mariadb(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    data, port = folder / "mariadb", free_port()
    data.mkdir()
    account = run_as("mysql")
    if account:
        shutil.chown(data, "mysql", "mysql")
    made = [
        str(program("mariadb-install-db")),
        "--no-defaults",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=data, env=own_temporary(data), **account)  # type: ignore[call-overload]
    secret = PASSWORD.replace("'", "''")
    statements = (
        f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;",
        f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{secret}';",
        f"GRANT ALL ON *.* TO '{USER}'@'%';",
    )
    (data / "init.sql").write_text("\n".join(statements))
    (data / "init.sql").chmod(0o644)
    options = [
        "--no-defaults",
        f"--datadir={data}",
        f"--socket={data / 'socket'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        f"--init-file={data / 'init.sql'}",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=256M",
        "--innodb-log-file-size=256M",
        "--local-infile=1",
        f"--pid-file={data / 'pid'}",
    ]
    return subprocess.Popen([str(program("mariadbd")), *options], cwd=data, env=own_temporary(data), **account), port  # type: ignore[call-overload]


def start_postgres(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    home, port = folder / "postgres", free_port()
    data = home / "data"
    home.mkdir()
    (home / "password").write_text(PASSWORD)
    account = run_as("postgres")
    if account:
        shutil.chown(home, "postgres", "postgres")
        shutil.chown(home / "password", "postgres", "postgres")
    made = [
        str(program("initdb")),
        f"--pgdata={data}",
        f"--username={USER}",
        f"--pwfile={home / 'password'}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync",
    ]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=home, env=own_temporary(home), **account)  # type: ignore[call-overload]
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": home,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_wal_size": "4GB",
        "TimeZone": "Europe/Helsinki",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [str(program("postgres")), "-D", str(data), *options]
    return subprocess.Popen(command, cwd=home, env=own_temporary(home), **account), port  # type: ignore[call-overload]


def wait_for(ports: dict[str, int], servers: dict[str, subprocess.Popen[bytes]]) -> None:
    """Wait until both take connections and PostgreSQL has its database."""
    import psycopg
    import pymysql

    until = time.monotonic() + _START_SECONDS
    login = {"host": "127.0.0.1", "user": USER, "password": PASSWORD}
    for name, server in servers.items():
        while True:
            try:
                if name == "mariadb":
                    pymysql.connect(port=ports[name], database=DATABASE, **login).close()
                else:
                    with psycopg.connect(port=ports[name], dbname="postgres", autocommit=True, **login) as link:
                        link.execute(f"CREATE DATABASE {DATABASE}")
                break
            except (pymysql.Error, psycopg.Error):
                if server.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.1)


def keep(folder: Path) -> None:
    """Start both servers, say where they are, and stop them when nobody uses them."""
    servers: dict[str, subprocess.Popen[bytes]] = {}
    ports: dict[str, int] = {}
    try:
        servers["mariadb"], ports["mariadb"] = start_mariadb(folder)
        servers["postgres"], ports["postgres"] = start_postgres(folder)
        wait_for(ports, servers)
        (folder / "ready.tmp").write_text(json.dumps(ports))
        (folder / "ready.tmp").replace(folder / "ready.json")
        while True:
            time.sleep(0.5)
            with lock(folder):
                if not any(alive(int(user.name)) for user in (folder / "users").iterdir()):
                    stop(servers)
                    shutil.rmtree(folder)
                    folder.with_suffix(".lock").unlink()
                    return
    except BaseException:
        stop(servers)
        (folder / "failed").touch()  # with the log, for those who wait
        raise


def stop(servers: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, server in servers.items():
        server.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
    for server in servers.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        server.wait()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def shared_folder() -> Path:
    """Folder that all workers of this run agree on."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    return Path(tempfile.gettempdir(), f"heatlas-servers-{run or os.getpid()}")


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
