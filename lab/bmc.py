"""A board controller for each node: OpenIPMI's simulator, whose power button is the lab's.

Every node finds all of them at the master's address, each at a port of its own (``port``). Run
as a program this is the power button: ``python -m lab.bmc NODE`` is what the simulator starts.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from lab import control
from lab.model import CHECKOUT, MASTER_ADDRESS, LabSpec, Paths, node_number

USER, PASSWORD = "kvmha", "power"

# A controller at the usual address, without sensors (ipmi_sim_cmd(5)).
_COMMANDS = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
mc_enable 0x20
"""


def port(node: str) -> int:
    """Return the UDP port of the board controller of ``node``."""
    return 6230 + node_number(node)


def start(spec: LabSpec) -> None:
    """Start a controller for each node; they end with the lab, in whose namespaces they run."""
    for node in spec.node_names:
        folder = spec.paths.root / "bmc" / node
        folder.mkdir(parents=True)
        (folder / "lan.conf").write_text(_configuration(spec, node))
        (folder / "commands").write_text(_COMMANDS)
        words = ["ipmi_sim", "-n", "-c", "lan.conf", "-f", "commands", "-s", str(folder)]
        with (folder / "log").open("ab") as log:
            subprocess.Popen(
                words, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip


def _configuration(spec: LabSpec, node: str) -> str:
    button = shlex.join(["env", f"PYTHONPATH={CHECKOUT}", sys.executable, "-m", "lab.bmc"])
    auths = "\n".join(f"    allowed_auths_{who} md5" for who in ("user", "operator", "admin"))
    return f"""\
name "{node}"
set_working_mc 0x20
  startlan 1
    addr {MASTER_ADDRESS} {port(node)}
    priv_limit admin
{auths}
    guid {node_number(node):032x}
  endlan
  chassis_control "{button} {spec.paths.root} {node}"
  user 1 false "" "" user 10 md5
  user 2 true "{USER}" "{PASSWORD}" admin 10 md5
"""


def button(root: Paths, node: str, verb: str, *words: str) -> list[str]:
    """Do what the simulator asks: ``get NAME...`` or ``set NAME VALUE...``; return its answer.

    A reset is a power loss of a moment, after which the node boots as from its firmware.
    """
    if verb == "get":
        nodes = {one["name"]: one for one in control.request(root, "status")["nodes"]}
        on = int(nodes[node]["power"] != "off")
        return [f"{name}:{on if name == 'power' else 0}" for name in words]
    for name, value in zip(words[::2], words[1::2], strict=True):
        if name == "power":
            control.request(root, "power", node=node, to="on" if value == "1" else "off")
        elif name == "reset":
            control.request(root, "power", node=node, to="kill")
    return []


if __name__ == "__main__":
    print("\n".join(button(Paths(Path(sys.argv[1])), *sys.argv[2:])))
