"""From a plan to the return of a Salt state: the one body that every state shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from kvmha.errors import KvmhaError
from kvmha.plan import Disruption, Plan
from kvmha.receipt import Cost, meter
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
    setting would permit it. The state succeeds only if a second plan is empty. ``cost`` of the
    return is what all of it took: seconds, and programs that were started.
    """
    run = _Run(name)

    def steps() -> None:
        todo = run.said(plan())
        if not todo or run.shown(todo, test, allow):
            return
        run.changed(run.said(apply(todo.digest)))
        run.left(run.said(plan()))

    return run.ended(steps)


def committed(
    name: str,
    *,
    plan: Callable[[], _PlanDict],
    apply: Callable[[], _PlanDict],
    test: bool,
    allow: str | Disruption = Disruption.NONE,
) -> dict[str, Any]:
    """Do the same for what is applied in one atomic step, and asked once.

    ``apply`` plans, refuses what is above ``allow``, and acts; beside the plan it returns what
    is left after it.
    """
    run = _Run(name)

    def steps() -> None:
        if test:
            todo = run.said(plan())
            if todo:
                run.shown(todo, test, allow)
            return
        answer = apply()
        done = run.said(answer)
        if done:
            run.changed(done)
            run.left(Plan.from_dict(answer["left"]))

    return run.ended(steps)


class _Run:
    """A state's return while it comes about."""

    def __init__(self, name: str) -> None:
        self.ret: dict[str, Any] = {"name": name, "changes": {}, "result": True, "comment": ""}
        self.cost = Cost()

    def said(self, answer: _PlanDict) -> Plan:
        """Take a module's answer: its plan, and what it has cost."""
        self.cost += Cost(**answer.get("cost", {}))
        plan = Plan.from_dict(answer)
        if not plan and not self.ret["comment"]:
            self.ret["comment"] = "\n".join(["Already as wanted.", *plan.notes])
        return plan

    def shown(self, todo: Plan, test: bool, allow: str | Disruption) -> bool:
        """Refuse what is above ``allow``; tell whether that was all, since this is a test."""
        todo.refuse_above(allow)
        if test:
            self.ret |= {
                "result": None,
                "changes": todo.salt_changes(),
                "comment": f"Would change:\n{todo.text()}",
            }
        return test

    def changed(self, done: Plan) -> None:
        """Note what was changed."""
        self.ret |= {"changes": done.salt_changes(), "comment": f"Changed:\n{done.text()}"}

    def left(self, left: Plan) -> None:
        """Fail when something is left to do."""
        if left:
            self.fail(f"Still differs:\n{left.text()}")

    def fail(self, why: str) -> None:
        """Note why it failed, beside what was done before."""
        said = "\n".join(filter(None, [self.ret["comment"], why]))
        self.ret |= {"result": False, "comment": said}

    def ended(self, steps: Callable[[], None]) -> dict[str, Any]:
        """Take the steps; return the whole, with its receipt."""
        try:
            steps()
        except Exception as error:
            if not is_for_the_user(error):
                raise
            self.fail(str(error))
        receipt = f"({self.cost.text()})"
        return self.ret | {
            "comment": f"{self.ret['comment']}\n{receipt}",
            "cost": asdict(self.cost),
        }


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
    missing is no failure: what comes before it in the run was not done either. ``cost`` is of
    this process; what the nodes spent on their answers is theirs.
    """
    spent = meter()

    def ended(result: bool | None, comment: str) -> dict[str, Any]:
        cost = asdict(spent())
        return {
            "name": name, "changes": {}, "result": result, "comment": comment, "cost": cost
        }  # fmt: skip

    try:
        if test and (reasons := missing()):
            return ended(None, "\n".join(["Not yet:", *reasons]))
        if not test:
            eventually(lambda: "\n".join(missing()), timeout=timeout, interval=interval)
    except Exception as error:
        if not is_for_the_user(error):
            raise
        return ended(False, str(error))
    return ended(True, said() or "As wanted.")


def is_for_the_user(error: Exception) -> bool:
    """Tell whether the text of ``error`` is written for a user: ours, or Salt's own."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return isinstance(error, KvmhaError) or "CommandExecutionError" in names
