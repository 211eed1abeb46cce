"""A drill from its first look to the proof that all is healed; every effect is handed in.

One loop looks every few seconds, holds each look against the invariants, and asks whether the
cluster stands as predicted. Whatever ends the drill (its end, a broken invariant, an error, a
signal), healing follows; and should this process vanish, the nodes' dead-man timers heal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kvmha.drills import actions, awaited, invariants, judge, quorum, timing
from kvmha.drills.actions import Action, Standing
from kvmha.drills.awaited import BROKEN, Awaited, Setting
from kvmha.drills.effects import Effects
from kvmha.drills.record import Absence, Outcome, Record, StepRecord
from kvmha.errors import KvmhaError
from kvmha.spec.drills import Step
from kvmha.timeline import Sample
from kvmha.view.snapshot import Snapshot

_RESERVE = 60.0  # seconds beyond what is ahead, after which dead-man timers heal


class _Broken(Exception):
    """An invariant does not hold."""


class Run:
    """One run of a drill. ``run`` returns its record; it heals whatever happens."""

    def __init__(self, setting: Setting, effects: Effects, record: Record) -> None:
        self.setting = setting
        self.effects = effects
        self.record = record
        self.looks: list[Snapshot] = []
        self.standing = Standing()
        self._places: dict[str, str] = {}
        self._began = effects.clock()

    def run(self) -> Record:
        """Run all steps, heal, and return the record; raise only what is a bug of ours.

        A broken invariant, an error of an effect and a signal (KeyboardInterrupt) end the steps
        and are told in the record.
        """
        self.record = replace(self.record, verdict="interrupted", invariants=invariants.NAMES)
        try:
            self._prepare()
            for step in self.setting.drill.steps:
                self._step(step)
            self._ends("passed")
        except _Broken:
            self._ends("broken")
        except KeyboardInterrupt:
            self._problem("it was interrupted by a signal")
        except KvmhaError as error:
            self._problem(str(error))
            self._ends("failed")
        except Exception as error:
            self._problem(f"{type(error).__name__}: {error}")
            raise
        finally:
            self._heal()
        return self.record

    # --- before ----------------------------------------------------------------------------

    def _prepare(self) -> None:
        self.effects.keep(self.record)
        self._arm(self.setting.timing.stop)
        if self.setting.fencing:
            return
        limits = self.setting.timing
        self.effects.say("all resources are stopped; then nobody is fenced until the drill ends")
        self._refuse(self.effects.stop_all(limits.stop + _RESERVE))
        missing = self._watch(
            lambda: awaited.still_running(self.setting, self.looks[-1]), limits.stop
        )
        if missing:
            raise KvmhaError(f"fencing stays on: {missing}", hint="nothing was cut")
        self._refuse(self.effects.fencing_off(limits.step + _RESERVE))

    def _arm(self, seconds: float) -> None:
        """Set the dead-man timers to what is ahead, with a reserve."""
        problems = self.effects.arm(seconds + _RESERVE)
        lost = {*self.standing.lost, *self._silent()}
        bad = [f"{node}: {why}" for node, why in problems.items() if node not in lost]
        if bad:
            hint = "no fault is made without one"
            raise KvmhaError(f"no dead-man timer: {'; '.join(bad)}", hint=hint)

    # --- steps -----------------------------------------------------------------------------

    def _step(self, step: Step) -> None:
        began, before = self._spent(), self._seen()
        action = actions.resolve(step, self.setting.spec, before) if step.fault else None
        limit = self._limit(step, action)
        words = action.text() if action else awaited.words(step)
        self.effects.say(f"{step.name}: {words}")
        self._arm(0.0 if step.leave else limit)
        told = self._do(step, action)
        for outcome in told:
            self.effects.say(f"  predicted: {judge.outcome_text(outcome)}")
        first = len(self.looks) - 1
        seen = Awaited(self.setting, told, action, self._places)

        def missing() -> str:
            what = seen.missing(self.looks[first:], self._spent() - began)
            left = self.effects.in_force() if step.leave else ()
            return "; ".join(filter(None, [what, *left]))

        verdict: awaited.Verdict = (BROKEN, ("the step did not end",))
        try:
            lacking = self._watch(missing, limit + (_RESERVE if step.leave else 0.0))
            verdict = seen.verdict(lacking, self.looks[-1])
            self._settle_down(seen.down)
        finally:
            if self.record.breaches:
                verdict = BROKEN, tuple(one.evidence for one in self.record.breaches)
            self._told(step, words, began, told, verdict)
            self.effects.say(f"  {verdict[0]}: {'; '.join(verdict[1])}")

    def _limit(self, step: Step, action: Action | None) -> float:
        """Return the seconds within which the cluster has to stand."""
        limits = self.setting.timing
        if step.wait or step.heal:
            return step.wait / 1000 if step.wait else limits.heal
        if action is None or action.effect in (actions.CUTS, actions.LOST):
            return limits.step
        return max(limits.step, limits.monitor + limits.join)

    def _do(self, step: Step, action: Action | None) -> tuple[Outcome, ...]:
        """Do what the step says; return what may follow."""
        rules = self.setting.rules
        if action:
            self.standing, told = actions.following(rules, self.standing, action)
            why = self.effects.inject(action.node, action.fault, action.arguments)
            self._refuse(f"{action.text()}: {why}" if why else "")
            return told
        if step.heal:
            problems = [f"{node}: {why}" for node, why in self.effects.heal().items()]
            for problem in problems:  # a node that starts just now has nothing left to heal
                self.effects.say(f"  {problem}")
        if step.heal or step.leave:
            self.standing = Standing()
        return actions.outcomes(rules, self.standing)

    def _settle_down(self, down: set[str]) -> None:
        """Forget what went with nodes that started anew; what stands now is the new before."""
        look = self.looks[-1]
        back = {name for name in down if look.node(name).answered}
        self.standing = Standing(
            cuts=tuple(cut for cut in self.standing.cuts if cut[0] not in back),
            lost=tuple(name for name in self.standing.lost if not look.node(name).corosync),
            before=quorum.after(self.setting.rules, self.standing.before, look.partitions),
        )
        hosts = {vm: look.hosts(vm) for vm in self.setting.terms.vms}
        self._places = {vm: found[0] for vm, found in hosts.items() if found}

    # --- looking ---------------------------------------------------------------------------

    def _watch(self, missing: Callable[[], str], limit: float) -> str:
        """Look until nothing is ``missing`` or ``limit`` seconds are over; return what still is.

        Raises _Broken at the first look that breaks an invariant.
        """
        began = self.effects.clock()
        while True:
            self._look()
            what = missing()
            if not what or self.effects.clock() - began >= limit:
                return what
            self.effects.pause(self.setting.timing.interval)

    def _look(self) -> None:
        if self._broken():
            raise _Broken

    def _broken(self) -> bool:
        """Look once; tell whether that broke an invariant."""
        look = self.effects.look()
        self.looks.append(look)
        sample = Sample(round(self._spent(), 1), awaited.where(self.setting, look))
        broken = invariants.breaches(self.setting.terms, self.looks, look.time - self._spent())
        for each in broken:
            self.effects.say(f"BROKEN: {each.invariant}: {each.evidence}")
        known = {(each.invariant, each.evidence) for each in self.record.breaches}
        fresh = [each for each in broken if (each.invariant, each.evidence) not in known]
        self.record = replace(
            self.record,
            watched=(*self.record.watched, sample),
            breaches=(*self.record.breaches, *fresh),
        )
        return bool(broken)

    def _seen(self) -> Snapshot:
        if not self.looks:
            self._look()
            self._settle_down(set())
        return self.looks[-1]

    def _silent(self) -> set[str]:
        last = self.looks[-1:]
        return {node.name for look in last for node in look.nodes if not node.answered}

    # --- the end ---------------------------------------------------------------------------

    def _heal(self) -> None:
        """Heal, and look until all is whole again; tell what is not."""
        self.effects.say("healing")
        try:
            problems = self._healing_to_its_end()
        except (Exception, KeyboardInterrupt) as error:
            problems = [
                f"healing ended: {str(error) or type(error).__name__} (hint: the nodes' dead-man"
                " timers take all faults away)"
            ]
        for problem in problems:
            self._problem(problem)
        verdict = self.record.verdict
        if self.record.breaches:
            verdict = "broken"
        elif verdict == "passed" and (problems or self._has_surprises()):
            verdict = "failed"
        self.record = replace(
            self.record,
            verdict=verdict,
            healed=not problems,
            absences=self._absences(),
            seconds=round(self._spent(), 1),
        )
        self.effects.keep(self.record)
        self.effects.say(f"{verdict}; {'NOT healed' if problems else 'healed'}")

    def _healing_to_its_end(self) -> list[str]:
        """Heal, and begin again when the first signal comes just then: there is but one."""
        try:
            return self._healing()
        except KeyboardInterrupt:
            self.effects.say("a signal: it is healing; after that it ends")
            return self._healing()

    def _healing(self) -> list[str]:
        problems = [f"healing {node}: {why}" for node, why in self.effects.heal().items()]
        limits = self.setting.timing
        kept = []
        if not self.setting.fencing:
            # With fencing on, whoever has quorum would fence those who have not joined yet.
            self._until(lambda: awaited.not_joined(self.setting, self.looks[-1]), limits.join)
            kept = [*filter(None, [self.effects.resume()])]
        missing = self._until(
            lambda: [
                *awaited.not_whole(self.setting, self.looks[-1]),
                *self.effects.in_force(),
            ],
            limits.heal,
        )
        # A node that did not answer at first is no problem any more when all is whole.
        return [*problems, *kept, *missing] if missing else kept

    def _until(self, missing: Callable[[], list[str]], limit: float) -> list[str]:
        """Look until nothing is missing, or ``limit`` seconds are over; what breaks is noted."""
        began = self.effects.clock()
        while True:
            self._broken()
            found = missing()
            if not found or self.effects.clock() - began >= limit:
                return found
            self.effects.pause(self.setting.timing.interval)

    def _absences(self) -> tuple[Absence, ...]:
        """Return who was away for how long; with everything stopped on purpose, nobody."""
        if not self.setting.fencing:
            return ()
        names = (*self.setting.terms.vms, *self.setting.terms.addresses)
        worst = timing.worst_of(self.setting.spec, self.setting.drill)
        return timing.absences(self.record.watched, worst, names)

    def _has_surprises(self) -> bool:
        return any(step.verdict == awaited.NOT_PREDICTED for step in self.record.steps)

    # --- telling ---------------------------------------------------------------------------

    def _told(
        self,
        step: Step,
        words: str,
        began: float,
        predicted: tuple[Outcome, ...],
        verdict: awaited.Verdict,
    ) -> None:
        told = StepRecord(
            name=step.name,
            action=words,
            at=round(began, 1),
            seconds=round(self._spent() - began, 1),
            snapshot=self.looks[-1],
            cuts=self.standing.cuts,
            predicted=predicted,
            verdict=verdict[0],
            why=verdict[1],
        )
        steps = (*self.record.steps, told)
        self.record = replace(self.record, steps=steps, seconds=round(self._spent(), 1))
        self.effects.keep(self.record)

    def _ends(self, verdict: str) -> None:
        self.record = replace(self.record, verdict=verdict)

    def _problem(self, text: str) -> None:
        self.effects.say(f"  {text}")
        self.record = replace(self.record, problems=(*self.record.problems, text))

    def _refuse(self, why: str) -> None:
        if why:
            raise KvmhaError(why)

    def _spent(self) -> float:
        return self.effects.clock() - self._began
