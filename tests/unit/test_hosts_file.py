"""The block of node names in /etc/hosts."""

from __future__ import annotations

import pytest

from kvmha.documents import hosts_file, marked_block

WANTED = {"ha-host1": "192.168.56.101", "ha-host2": "192.168.56.102"}
THEIRS = "127.0.0.1 localhost\n\n# by hand\n10.0.0.9 printer\n"


def test_names_are_added_below_what_others_wrote():
    text = hosts_file.render(THEIRS, WANTED)
    assert text.startswith(THEIRS)
    assert hosts_file.addresses(text) == WANTED


def test_rendering_twice_changes_nothing():
    once = hosts_file.render(THEIRS, WANTED)
    assert hosts_file.render(once, WANTED) == once


def test_block_is_rewritten_where_it_stands():
    text = hosts_file.render(THEIRS, {"old": "10.1.1.1"}) + "10.0.0.10 later\n"
    changed = hosts_file.render(text, WANTED)
    assert "old" not in changed
    assert changed.endswith("10.0.0.10 later\n")
    assert hosts_file.addresses(changed) == WANTED


def test_no_names_take_the_block_away():
    assert hosts_file.render(hosts_file.render(THEIRS, WANTED), {}) == THEIRS


def test_lost_end_mark_does_not_swallow_what_follows():
    text = f"127.0.0.1 localhost\n{marked_block.BEGIN}\n10.1.1.1 old\n\n10.0.0.9 printer\n"
    changed = hosts_file.render(text, WANTED)
    assert "10.0.0.9 printer" in changed
    assert "old" not in changed


def test_text_without_last_newline_keeps_its_last_line():
    assert "127.0.0.1 localhost\n" in hosts_file.render("127.0.0.1 localhost", WANTED)


@pytest.mark.parametrize("line", ["127.0.1.1 ha-host1", "127.0.1.1\tother ha-host1 # installer"])
def test_other_address_for_a_node_is_found(line):
    assert hosts_file.contradictions(f"{THEIRS}{line}\n", WANTED) == [line]


def test_same_address_elsewhere_is_no_contradiction():
    assert hosts_file.contradictions(f"{THEIRS}192.168.56.101 ha-host1\n", WANTED) == []


def test_comments_are_no_addresses():
    assert hosts_file.contradictions("# 127.0.1.1 ha-host1\n", WANTED) == []
