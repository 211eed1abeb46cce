"""The command line: one verb, one thing done, and how long it took."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lab import control, images, recipe, saltmaster, shell
from lab.api import Lab
from lab.errors import LabError

EXAMPLES = """examples:
  python -m lab up                                  three nodes with the cluster packages
  python -m lab up --image bare --salt 3008         nothing but a minion; packages over HTTP
  python -m lab run master salt '*' test.ping
  python -m lab run ha-host1 crm_mon -1
  python -m lab kill ha-host2                       power loss; it boots again
  python -m lab down
"""


def _say(line: str) -> None:
    print(line, flush=True)


def _up(lab: Lab, args: argparse.Namespace) -> int:
    # SIGINT too: a shell's background jobs begin with it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    extras = {"bmc": args.bmc, "iscsi": args.iscsi}
    lab.up(args.nodes, args.salt, args.image, args.mem, args.pillar, **extras)
    return 0


def _build(_: Lab, args: argparse.Namespace) -> int:
    images.master_venv(args.salt)
    for kind in recipe.IMAGES:
        images.image(kind)
    return 0


def _down(lab: Lab, args: argparse.Namespace) -> int:
    for name in control.names() if args.all else [lab.name]:
        Lab(name).down()
    control.remove_leftovers()
    return 0


def _status(lab: Lab, _: argparse.Namespace) -> int:
    for name in control.remove_leftovers():
        _say(f"lab '{name}' had ended; what it left was removed")
    up = control.names()
    if lab.name not in up:
        others = f"; up: {', '.join(up)}" if up else ""
        _say(f"lab '{lab.name}' is not up{others}")
        return 3
    spec, status = lab.spec, lab.status()
    master = "runs" if status["master"] else "has ended"
    _say(f"lab '{lab.name}': {spec.kind}, Salt {recipe.SALT_VERSIONS[spec.salt]}, master {master}")
    for node in status["nodes"]:
        answers = "answers ssh" if lab.ask("answers", node=node["name"]) else "does not answer"
        failed = f", failed disks: {' '.join(node['failed_disks'])}" if node["failed_disks"] else ""
        power = node["power"]
        if power == "off" and node["wanted"]:
            power = "in its firmware"
        _say(f"  {node['name']}: {power}, {answers}, boots: {node['boots']}{failed}")
    for one, two in status["cuts"]:
        _say(f"  cut between ha-host{one} and ha-host{two}")
    return 0


def _run(lab: Lab, args: argparse.Namespace) -> int:
    """Replace this process by the command: status, signals and terminal pass through."""
    if not args.command:
        raise LabError("no command was given", "python -m lab run NODE COMMAND...")
    line = args.command[0] if len(args.command) == 1 else shell.as_line(args.command)
    if args.node == "master":
        words = [*control.inside(lab.paths), "sh", "-c", line]
        os.execvpe(words[0], words, saltmaster.environment(lab.spec))
    words = [*lab.ssh_words(args.node), line]
    os.execvp(words[0], words)


def _ssh(lab: Lab, args: argparse.Namespace) -> int:
    if args.node == "master":
        words = [*control.inside(lab.paths), os.environ.get("SHELL", "/bin/sh")]
        os.execvpe(words[0], words, saltmaster.environment(lab.spec))
    words = lab.ssh_words(args.node)
    return os.execvp(words[0], words)


def _kill(lab: Lab, args: argparse.Namespace) -> int:
    if args.node == "master":
        lab.master.kill()
        if args.wait:
            lab.wait_minions()
        return 0
    lab.kill(args.node)
    if args.wait:
        lab.node(args.node).wait()
    return 0


def _evidence(lab: Lab, args: argparse.Namespace) -> int:
    _say(str(lab.evidence(args.folder)))
    return 0


def _simple(verb: str, *names: str) -> Callable[[Lab, argparse.Namespace], int]:
    def do(lab: Lab, args: argparse.Namespace) -> int:
        getattr(lab, verb)(*(getattr(args, name) for name in names))
        return 0

    return do


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m lab", description="Real cluster nodes on one plain machine.", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, do: Callable[..., int], text: str, *places: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.add_argument("--name", default=os.environ.get("KVMHA_LAB", "lab"), help="of the lab")
        for place in places:
            sub.add_argument(place, metavar=place.upper())
        sub.set_defaults(do=do, verb=name)
        return sub

    up = verb("up", _up, "boot the lab and wait until every minion answers")
    up.add_argument("--nodes", type=int, default=3)
    up.add_argument("--salt", choices=sorted(recipe.SALT_VERSIONS), default="3006")
    up.add_argument("--image", choices=recipe.IMAGES, default="prepared")
    up.add_argument("--mem", default="1024M", help="memory of each node")
    up.add_argument("--pillar", type=Path, help="default: pillar/examples/lab.sls")
    up.add_argument("--bmc", action="store_true", help="a board controller (IPMI) for each node")
    up.add_argument("--iscsi", action="store_true", help="with an iSCSI target (CHAP, two portals)")
    build = verb("build", _build, "build what a lab boots from, where it is not there yet")
    build.add_argument("--salt", choices=sorted(recipe.SALT_VERSIONS), default="3006")
    down = verb("down", _down, "end everything of the lab")
    down.add_argument("--all", action="store_true", help="every lab of this machine")
    verb("status", _status, "show nodes, cuts and failed disks")
    run = verb("run", _run, "run a command on a node, or on 'master' with salt at hand", "node")
    run.add_argument("command", nargs=argparse.REMAINDER)
    verb("ssh", _ssh, "open a shell on a node, or on 'master'", "node")
    kill = verb(
        "kill", _kill, "power loss of a node, or a crash of 'master'; it starts again", "node"
    )
    kill.add_argument("--wait", action="store_true", help="until it answers again")
    for name, text in {
        "off": "power off, and stay off",
        "on": "power on, and wait for ssh",
        "freeze": "stop a node in its tracks",
        "thaw": "let a frozen node go on",
    }.items():
        verb(name, _simple(name, "node"), text, "node")
    verb("cut", _simple("cut", "one", "two"), "drop traffic between two nodes", "one", "two")
    verb("heal", _simple("heal"), "undo every cut")
    disks = ", ".join(recipe.SHARED_DISKS)
    verb("disk-fail", _simple("disk_fail", "node", "disk"),
         f"I/O errors on a shared disk ({disks})", "node", "disk")  # fmt: skip
    verb("disk-heal", _simple("disk_heal", "node", "disk"), "end them", "node", "disk")
    evidence = verb("evidence", _evidence, "collect journals, cluster state and logs")
    evidence.add_argument("folder", nargs="?", type=Path)
    return parser


def main() -> int:
    """Do what the command line says; return the exit status."""
    args = _parser().parse_args()
    start = time.monotonic()
    try:
        status = int(args.do(Lab(args.name, say=_say), args))
    except LabError as error:
        print(f"lab {args.verb}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"lab {args.verb}: interrupted", file=sys.stderr)
        return 130
    if args.verb not in ("up", "status", "ssh"):
        _say(f"{args.verb}: {time.monotonic() - start:.1f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
