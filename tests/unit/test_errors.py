"""What errors say: the place, the reason, the next step."""

from __future__ import annotations

import pytest
from salt.exceptions import CommandExecutionError

from kvmha.errors import CommandFailed, InvalidInput, KvmhaError, Problem
from kvmha.salt_edge import loadable, user_errors


def test_a_problem_says_place_message_hint_and_code():
    problem = Problem("nodes[2].id", "1 is taken", "give it its own", "NODE_ID_DUPLICATE")
    assert str(problem) == ("nodes[2].id: 1 is taken (hint: give it its own) [NODE_ID_DUPLICATE]")
    assert str(Problem("a", "is odd")) == "a: is odd"


def test_invalid_input_lists_all_problems_in_order():
    error = InvalidInput("pillar kvmha", [Problem("b", "x"), Problem("a", "y")])
    assert str(error) == "pillar kvmha has 2 mistakes:\n  b: x\n  a: y"
    assert str(InvalidInput("it", [Problem("a", "y")])) == "it has 1 mistake:\n  a: y"


def test_a_failed_command_quotes_the_tool():
    error = CommandFailed(["sbd", "-d", "/dev/x", "list"], 1, " no header \n", hint="initialise it")
    assert str(error) == ("'sbd -d /dev/x list' exited with 1: no header (hint: initialise it)")
    assert "did not end in time" in str(CommandFailed(["sleep"], None, ""))


def test_a_users_error_reaches_salt_as_one_message_without_cause():
    @user_errors
    def fails():
        raise KvmhaError("no such thing", hint="make one")

    with pytest.raises(CommandExecutionError) as caught:
        fails()
    assert str(caught.value) == "no such thing (hint: make one)"
    assert caught.value.__cause__ is None


def test_our_own_bugs_keep_their_traceback():
    @user_errors
    def fails():
        raise KeyError("bug")

    with pytest.raises(KeyError):
        fails()


def test_a_module_of_another_version_says_what_to_do():
    assert loadable("corosync", "0.1.0") == "corosync"
    loaded, reason = loadable("corosync", "9.9.9")
    assert loaded is False
    assert "9.9.9" in reason and "0.1.0" in reason and "restart" in reason
