"""Our table of Pacemaker's options is what its installed daemons say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmha.documents import agent_metadata, typed_values
from kvmha.documents.pacemaker_options import FENCING_DEVICE, PROPERTIES
from kvmha.tools.runner import Runner

FOLDERS = (Path("/usr/lib/pacemaker"), Path("/usr/libexec/pacemaker"))
# Types that we know more exactly than the metadata of Pacemaker 2.1 tells.
CLOSER = {
    "integer": {"score"},
    "duration": {"timeout"},
    "select": {"enumeration"},
    "string": {"enumeration"},
}
CHOSEN_WHEN_BUILT = {"concurrent-fencing"}
# Said to be dynamic-list or port; the daemon decides by the agent's metadata.
DECIDED_LATER = {"pcmk_host_check", "pcmk_host_argument", "dc-version"}


def described(daemon):
    folder = next(each for each in FOLDERS if (each / daemon).exists())
    text = Runner().run([str(folder / daemon), "metadata"]).stdout
    return agent_metadata.parse(text).parameters


@pytest.mark.parametrize(
    ("daemon", "vocabulary"),
    [
        ("pacemaker-schedulerd", PROPERTIES),
        ("pacemaker-controld", PROPERTIES),
        ("pacemaker-based", PROPERTIES),
        ("pacemaker-fenced", FENCING_DEVICE),
    ],
)
def test_every_option_of_a_daemon_is_known_with_its_type_and_default(daemon, vocabulary):
    said = described(daemon)
    assert said
    for name, theirs in said.items():
        ours = vocabulary.option(name)
        assert ours is not None, name
        assert ours.type in {theirs.type} | CLOSER.get(theirs.type, set()), name
        assert set(theirs.choices) <= set(ours.choices), name
        if name in CHOSEN_WHEN_BUILT | DECIDED_LATER or name.endswith("_action"):
            continue
        if theirs.default is None or ours.default is None:
            assert theirs.default == ours.default, name
        else:
            assert typed_values.same(ours, ours.default, theirs.default), name
