"""A PostgreSQL server for tests: started for real where Debian's package is installed, reached by a socket only."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

__all__ = ["postgresql_server"]

TOOLS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
MISSING = "PostgreSQL is not here: install it (apt-get install postgresql) to run this test."


@contextmanager
def postgresql_server() -> Iterator[str]:
    """The URL of a server that ends with the block. Skips the test where PostgreSQL is not installed."""
    if not TOOLS:
        pytest.skip(MISSING)
    # Not in pytest's folder: the path of a socket has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="tandem-pg-"))
    who = _unprivileged(folder)
    data, tools = str(folder / "data"), TOOLS[-1]
    try:
        made = [str(tools / "initdb"), "-D", data, "-U", "tandem", "-A", "trust", "--no-sync", "--locale=C.UTF-8"]
        subprocess.run(made, check=True, capture_output=True, timeout=120, cwd=folder, **who)
        settings = ("listen_addresses=", f"unix_socket_directories={folder}", "fsync=off")
        started = [str(tools / "postgres"), "-D", data, *(part for one in settings for part in ("-c", one))]
        with (folder / "log").open("wb") as log, subprocess.Popen(started, stderr=log, cwd=folder, **who) as server:
            try:
                _wait(folder, server, tools)
                yield f"postgresql://tandem@/postgres?host={folder}"
            finally:
                server.send_signal(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: root runs it as the user that Debian made for it."""
    if os.getuid() != 0:
        return {}
    found = pwd.getpwnam("postgres")
    os.chown(folder, found.pw_uid, found.pw_gid)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def _wait(folder: Path, server: subprocess.Popen[bytes], tools: Path) -> None:
    for _ in range(300):
        ready = subprocess.run([str(tools / "pg_isready"), "-q", "-h", str(folder)], check=False, timeout=30)
        if ready.returncode == 0:
            return
        assert server.poll() is None, (folder / "log").read_text(encoding="utf-8")
        time.sleep(0.1)
    raise AssertionError("PostgreSQL did not start within 30 s.")
