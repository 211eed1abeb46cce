"""From a plan to the return of a Salt state: the one body that every state shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kvmha.errors import KvmhaError
from kvmha.plan import Disruption, Plan
from kvmha.wait import eventually

_PlanDict = Mapping[str, Any]


def converge(
    name: str,
    *,
    plan: Callable[[], _PlanDict],
    apply: Callable[[str], _PlanDict],
    test: bool,
    allow: str | Disruption = Disruption.NONE,
) -> dict[str, Any]:
    """Plan, apply unless ``test``, plan again; return what Salt expects of a state.

    ``plan`` and ``apply`` are calls of an execution module that return ``Plan.to_dict()``;
    ``apply`` gets the digest of the plan that was shown. ``allow`` is the worst disruption
    that may be caused; a plan above it fails the state, in test mode too, and says which
    setting would permit it. The state succeeds only if a second plan is empty.
    """
    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": ""}
    try:
        todo = Plan.from_dict(plan())
        if not todo:
            ret["comment"] = "\n".join(["Already as wanted.", *todo.notes])
            return ret
        todo.refuse_above(allow)
        if test:
            return ret | {
                "result": None,
                "changes": todo.salt_changes(),
                "comment": f"Would change:\n{todo.text()}",
            }
        done = Plan.from_dict(apply(todo.digest))
        ret |= {"changes": done.salt_changes(), "comment": f"Changed:\n{done.text()}"}
        left = Plan.from_dict(plan())
    except Exception as error:
        if not is_for_the_user(error):
            raise
        said = "\n".join(filter(None, [ret["comment"], str(error)]))
        return ret | {"result": False, "comment": said}
    if left:
        ret |= {"result": False, "comment": f"{ret['comment']}\nStill differs:\n{left.text()}"}
    return ret


def checked(
    name: str,
    *,
    missing: Callable[[], list[str]],
    test: bool,
    timeout: float = 0.0,
    interval: float = 2.0,
    said: Callable[[], str] = str,
) -> dict[str, Any]:
    """Look until nothing is missing; return what Salt expects of a state that changes nothing.

    ``missing`` returns what is still wrong; ``timeout`` and ``interval`` are seconds.
    ``said`` gives the comment of a success. With ``test`` there is one look, and what is
    missing is no failure: what comes before it in the run was not done either.
    """
    ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": ""}
    try:
        if test and (reasons := missing()):
            return ret | {"result": None, "comment": "\n".join(["Not yet:", *reasons])}
        if not test:
            eventually(lambda: "\n".join(missing()), timeout=timeout, interval=interval)
    except Exception as error:
        if not is_for_the_user(error):
            raise
        return ret | {"result": False, "comment": str(error)}
    return ret | {"comment": said() or "As wanted."}


def is_for_the_user(error: Exception) -> bool:
    """Tell whether the text of ``error`` is written for a user: ours, or Salt's own."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return isinstance(error, KvmhaError) or "CommandExecutionError" in names
