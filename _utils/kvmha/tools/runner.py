"""Running programs: argument lists, expected exit codes, the tool's own words in errors."""

from __future__ import annotations

import logging
import os
import shlex
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kvmha.errors import CommandFailed
from kvmha.receipt import program_started

log = logging.getLogger(__name__)

_SBIN = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Result:
    """How a program ended: exit code, its output as text, and the seconds it took."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def output(self) -> str:
        """Standard output and error in one text, for messages."""
        return "\n".join(part.strip() for part in (self.stdout, self.stderr) if part.strip())


class Runner:
    """Runs programs and counts them (``started``)."""

    def __init__(self) -> None:
        self.started = 0

    def run(
        self,
        argv: Sequence[str],
        *,
        ok: Sequence[int] | None = (0,),
        stdin: str | None = None,
        timeout: float = 60.0,
        env: Mapping[str, str] | None = None,
        hint: str = "",
    ) -> Result:
        """Run ``argv`` and return its Result.

        ``ok`` names the exit codes that are no error; None accepts any. ``stdin`` is text for
        its standard input: the place for secrets, which never go into ``argv``. ``timeout``
        is in seconds. The locale is C. Raises CommandFailed for any other exit code, for a
        time-out and for a missing program (exit code 127, ``hint`` saying what to do).
        """
        self.started += 1
        program_started()
        began = time.monotonic()
        environment = {**os.environ, "LC_ALL": "C", "PATH": _SBIN, **(env or {})}
        try:
            done = subprocess.run(
                list(argv),
                input=stdin,
                stdin=subprocess.DEVNULL if stdin is None else None,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                env=environment,
                check=False,
            )
        except FileNotFoundError:
            raise CommandFailed(
                argv, 127, "no such program", hint=hint or f"install {argv[0]}"
            ) from None
        except subprocess.TimeoutExpired:
            raise CommandFailed(argv, None, f"stopped after {timeout:g} s", hint=hint) from None
        seconds = time.monotonic() - began
        log.debug("%s -> %d in %.3f s", shlex.join(argv), done.returncode, seconds)
        result = Result(tuple(argv), done.returncode, done.stdout, done.stderr, seconds)
        if ok is not None and done.returncode not in ok:
            raise CommandFailed(argv, done.returncode, result.output, hint=hint)
        return result

    def follow(
        self,
        argv: Sequence[str],
        told: Callable[[str], None],
        *,
        timeout: float,
        hint: str = "",
    ) -> None:
        """Run ``argv`` and hand what it prints to ``told`` while it prints it.

        It ends with this process, however that ends: nothing goes on to write what the next
        run begins again. Errors are those of ``run``.
        """
        self.started += 1
        program_started()
        environment = {**os.environ, "LC_ALL": "C", "PATH": _SBIN}
        bound = ["setpriv", "--pdeathsig", "KILL", *argv]
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(
                    bound,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=environment,
                )
            except FileNotFoundError:
                raise CommandFailed(bound, 127, "no such program", hint="util-linux") from None
            timer = threading.Timer(timeout, process.kill)
            timer.start()
            try:
                assert process.stdout is not None
                while said := os.read(process.stdout.fileno(), 4096):
                    told(said.decode(errors="replace"))
                process.wait()
            finally:
                late = timer.finished.is_set()
                timer.cancel()
                process.kill()
                process.wait()
            errors.seek(0)
            output = errors.read().decode(errors="replace")
        if late:
            raise CommandFailed(argv, None, f"stopped after {timeout:g} s", hint=hint)
        if process.returncode:
            raise CommandFailed(argv, process.returncode, output, hint=hint)
