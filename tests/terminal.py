"""A program behind a terminal: what it says, as bytes and as the screen that they make."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Mapping

import pyte

from kvmha.wait import eventually

# Ctrl-C is heard also where the tests run in the background of a shell, which ignores it.
LISTENING = ("env", "--default-signal=INT")


class Terminal:
    """``argv`` behind a terminal of ``lines`` times ``columns``; killed at the end of a block."""

    def __init__(
        self, *argv: str, lines: int = 24, columns: int = 80, env: Mapping[str, str] | None = None
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.feed = pyte.ByteStream(self.screen)
        self.said = bytearray()
        self.leader, follower = pty.openpty()
        silent = termios.tcgetattr(follower)
        silent[3] &= ~termios.ECHO
        termios.tcsetattr(follower, termios.TCSANOW, silent)
        self.resize(lines, columns)
        kept = {key: os.environ[key] for key in os.environ if key not in ("LINES", "COLUMNS")}
        self.process = subprocess.Popen(
            [*LISTENING, *argv],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env=kept | {"TERM": "xterm", **(env or {})},
            start_new_session=True,
        )
        os.close(follower)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def resize(self, lines: int, columns: int) -> None:
        """Give the terminal another size."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self.leader, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        """Type ``text``."""
        os.write(self.leader, text.encode())

    def close(self) -> None:
        """End the program and the terminal."""
        self.process.kill()
        self.process.wait()
        os.close(self.leader)

    def read(self) -> str:
        """Return all that was said so far, control characters included."""
        while select.select([self.leader], [], [], 0.05)[0]:
            try:
                data = os.read(self.leader, 65536)
            except OSError:  # the program has ended
                break
            self.said.extend(data)
            self.feed.feed(data)
        return self.said.decode(errors="replace")

    def text(self) -> str:
        """Return what the screen shows."""
        self.read()
        return "\n".join(self.screen.display)

    def until(self, *words: str, timeout: float = 20) -> str:
        """Wait until the screen shows all ``words``; return it."""

        def missing() -> str:
            shown = self.text()
            return "" if all(word in shown for word in words) else f"not {words}:\n{shown}"

        eventually(missing, timeout=timeout, interval=0.1)
        return self.text()

    def until_said(self, word: str, timeout: float = 90) -> None:
        """Wait until ``word`` was said, on the screen still or not."""

        def missing() -> str:
            said = self.read()
            return "" if word in said else f"no {word!r} yet: {said}"

        eventually(missing, timeout=timeout, interval=0.3)
