"""Where the library meets Salt's execution modules: versions and errors."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import asdict
from typing import ParamSpec, TypeVar

import kvmha
from kvmha.errors import KvmhaError
from kvmha.receipt import meter

P = ParamSpec("P")
R = TypeVar("R")


def loadable(virtualname: str, version: str) -> str | tuple[bool, str]:
    """Return what ``__virtual__`` returns: the name, or why the module cannot be used.

    A synced module may find an older library installed by pip, or one that this process
    loaded before an upgrade; ``version`` is the one the module was written for.
    """
    if version != kvmha.__version__:
        return False, (
            f"{virtualname} {version} found library kvmha {kvmha.__version__} "
            f"at {kvmha.__file__}: upgrade that one, then restart this Salt daemon"
        )
    try:
        import lxml  # noqa: F401, PLC0415 - absent until installed
    except ImportError:
        return False, f"{virtualname} needs lxml in Salt's Python: salt-pip install lxml"
    return virtualname


def user_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Make errors of the library reach the user as one message, without a traceback.

    A plan that the function returns gets the key ``cost``: seconds, and programs started.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        spent = meter()
        try:
            found = function(*args, **kwargs)
            if isinstance(found, dict) and "digest" in found:
                found["cost"] = asdict(spent())
            return found
        except KvmhaError as error:
            from salt.exceptions import CommandExecutionError  # noqa: PLC0415

            raise CommandExecutionError(str(error)) from None

    return call
