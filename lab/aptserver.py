"""Serves the package repository to the nodes over HTTP."""

from __future__ import annotations

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from lab.model import MASTER_ADDRESS


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def translate_path(self, path: str) -> str:
        """Map ``/apt/...`` to the repository; nothing else is served."""
        return super().translate_path(path.removeprefix("/apt") or "/")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def serve_repository(folder: str) -> None:
    """Serve ``folder`` as ``http://192.168.56.1/apt`` from a thread."""
    server = _Server((MASTER_ADDRESS, 80), partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, name="apt", daemon=True).start()
