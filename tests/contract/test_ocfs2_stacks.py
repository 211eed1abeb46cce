"""A volume goes from one cluster stack to the other with the real o2cluster, and back."""

from __future__ import annotations

import pytest

from kvmha.errors import Refused
from kvmha.plan import Disruption
from kvmha.spec import load
from kvmha.tools import ocfs2
from kvmha.tools.runner import Runner
from tests.contract import disks


@pytest.fixture
def spec_for(example, changed, tmp_path):
    disks.needs("mkfs.ocfs2", "debugfs.ocfs2", "o2cluster")
    disk = disks.sparse(tmp_path / "disk", 256 * disks.MIB)

    def make(stack, *, consent=False):
        changes = {
            "storage.filesystems[0].device": disk,
            "storage.ocfs2.stack": stack,
            "consent": {"overwrite": [disk] if consent else []},
        }
        return load(changed(example("lab"), changes))

    return make


def test_a_volume_is_stamped_with_consent_and_its_files_stay(spec_for):
    ocfs2.apply_format(Runner(), spec_for("o2cb"), "vmstore", prepare=lambda _: None)
    disk = spec_for("o2cb").storage.filesystems[0].device
    made = ocfs2.inspect(Runner(), disk)
    assert (made.stack, made.cluster) == ("o2cb", "alpha")
    with pytest.raises(Refused, match="for the stack o2cb and not pcmk"):
        ocfs2.plan_format(Runner(), spec_for("pcmk"), "vmstore")
    for stack in ("pcmk", "o2cb"):
        spec = spec_for(stack, consent=True)
        todo = ocfs2.plan_format(Runner(), spec, "vmstore")
        assert todo.disruption is Disruption.CLUSTER_STOP
        ocfs2.apply_format(Runner(), spec, "vmstore", todo.digest)
        assert not ocfs2.plan_format(Runner(), spec_for(stack), "vmstore")
        assert ocfs2.inspect(Runner(), disk).uuid == made.uuid
    disks.check_ocfs2(disk)
