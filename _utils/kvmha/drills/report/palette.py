"""The colours of a report, for light and dark, as CSS variables; text on each keeps 4.5:1.

Nothing is told by colour alone: partitions have letters, shapes and dashes too, hosts their names.
Hues follow Okabe and Ito's set, which people with any of the usual colour blindnesses tell apart.
"""

from __future__ import annotations

from collections.abc import Mapping

# Words of the page: light, dark.
WORDS: Mapping[str, tuple[str, str]] = {
    "page": ("#f6f7f9", "#14181d"),
    "card": ("#ffffff", "#1d232a"),
    "ink": ("#1a2027", "#eef1f4"),
    "soft": ("#545e6a", "#a9b4c0"),
    "line": ("#d5dae0", "#3a434d"),
    "good": ("#0b6b4a", "#5fd3a6"),
    "good-bg": ("#e0f3ea", "#12352a"),
    "bad": ("#b3261e", "#ff9c92"),
    "bad-bg": ("#fde7e5", "#46201d"),
    "odd": ("#7a4a00", "#f3c069"),
    "odd-bg": ("#fdf0d5", "#3e2f10"),
    "link": ("#0a58b5", "#82b8ff"),
    "still": ("#8a95a1", "#6d7884"),
}
# A host's bars, with ink on them.
HOSTS: tuple[tuple[str, str], ...] = (
    ("#9fd0ee", "#1d5c8a"),
    ("#fbce8f", "#80500f"),
    ("#a5dfc3", "#1c6a4c"),
    ("#dcbbe0", "#743f79"),
    ("#f3e789", "#665c08"),
    ("#f6bda4", "#8a4226"),
    ("#c3cfe8", "#47598a"),
    ("#d3cabd", "#5f564a"),
)
# A partition's outline; its letter stands in it, white or black.
PARTITIONS: tuple[tuple[str, str], ...] = (
    ("#0064a8", "#6db9f2"),
    ("#a84a00", "#f0a860"),
    ("#00714f", "#5fd0a8"),
    ("#8c3d82", "#e09bd6"),
    ("#6b6200", "#d8cc55"),
    ("#4a5561", "#b4bfca"),
)
DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 2", "1 4")
LETTER_INK = ("#ffffff", "#10151a")


def css() -> str:
    """Return the variables of both themes; dark where the reader's device asks for it."""
    return (
        f":root{{color-scheme:light dark;{_variables(0)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{_variables(1)}}}}}\n"
        f"@media print{{:root{{color-scheme:light;{_variables(0)}}}}}\n"
    )


def host(place: int) -> str:
    """Return the class of the bars of the host at ``place``."""
    return f"host{place % len(HOSTS)}"


def letter(place: int) -> str:
    """Return the letter of the partition at ``place``: A, B, ..., Z, A1, ..."""
    return chr(ord("A") + place % 26) + (str(place // 26) if place >= 26 else "")


def _variables(theme: int) -> str:
    said = {name: pair[theme] for name, pair in WORDS.items()}
    said |= {f"host{place}": pair[theme] for place, pair in enumerate(HOSTS)}
    said |= {f"part{place}": pair[theme] for place, pair in enumerate(PARTITIONS)}
    said["letter"] = LETTER_INK[theme]
    return "".join(f"--{name}:{colour};" for name, colour in said.items())
