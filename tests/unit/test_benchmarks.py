"""The pure parts of the benchmarks: figures, workloads, tables. No test measures time."""

from __future__ import annotations

import pytest

from benchmarks import report, workload
from benchmarks.cib import LIBRARY, PHASES, Measured, Options
from benchmarks.figures import Cell, Target, exponent, extrapolated, ratio, table
from kvmha.build import cib as build
from kvmha.documents import cib, cib_merge
from kvmha.spec import load_part


def laid_out(load):
    part = load_part(load.pillar())
    return cib_merge.edit(cib.EMPTY, build.of_words(part.cib))[0]


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_exponent_is_the_power_of_growth(power):
    sizes = [10, 100, 500, 2000]
    assert exponent(sizes, [0.003 * size**power for size in sizes]) == pytest.approx(power)


def test_growth_needs_two_sizes():
    with pytest.raises(ValueError, match="two"):
        exponent([10, 10], [1, 2])


def test_what_does_not_grow_is_not_extrapolated():
    assert extrapolated(3.0, 1.0, 10) == 21.0
    cell = Cell(seconds=[3.0, 5.0, 2.0], fixed=[1.0, 1.0, 1.0], factor=10)
    assert (cell.median, cell.shown()) == (21.0, "~21.0")


def test_a_cell_says_what_it_is():
    assert Cell().shown() == "-"
    assert Cell(seconds=[0.25, 0.5, 0.125]).shown() == "0.250"
    assert Cell(seconds=[12.34], failed=True).shown() == "12.3!"


@pytest.mark.parametrize(
    ("measured", "at_least", "word"),
    [(5, True, "met"), (4, True, "NOT MET"), (4, False, "met"), (6, False, "NOT MET"),
     (None, True, "not measured")],
)  # fmt: skip
def test_a_target_is_met_not_met_or_not_measured(measured, at_least, word):
    target = Target("speed", 5, measured, at_least, "x")
    assert target.line().startswith(f"{word} ".ljust(12))


def test_ratio_of_what_was_not_measured_is_none():
    assert ratio(6, 3) == 2
    assert ratio(None, 3) is ratio(6, None) is ratio(6, 0) is None


def test_table_is_aligned():
    lines = table(["a", "b", "c"], [["x", "long", "1.5"]]).splitlines()
    assert lines == ["| a | b    |   c |", "|---|------|-----|", "| x | long | 1.5 |"]


@pytest.mark.parametrize("load", [workload.PEERS115, workload.sized(10), workload.planned(40)])
def test_a_workload_is_what_it_says(load):
    said = load.pillar()["cib"]
    assert len(said["resources"]) == load.primitives
    assert len({one["id"] for one in said["constraints"]}) == load.constraints
    assert len(load.crmsh()) == len(load.pcs()) == load.objects
    assert load.missing(laid_out(load)) == []


def test_the_peers_workload_has_115_objects():
    assert workload.PEERS115.objects == 115


def test_an_odd_number_of_primitives_has_all_its_constraints():
    load = workload.Workload(3, 6)
    assert load.missing(laid_out(load)) == []


def test_what_is_not_there_is_missing():
    load = workload.sized(4)
    assert len(load.missing(cib.EMPTY)) == 4 + load.properties + 1
    drifted = laid_out(load).replace('value="wanted"', 'value="drifted"', 1)
    assert load.missing(drifted) == ["r0001"]


def test_a_sample_keeps_the_proportions():
    load = workload.sized(500)
    part = load.sample(30)
    assert (part.primitives, part.constraints) == (10, 20)
    assert load.sample(10_000) is load


def test_a_workload_out_of_bounds_is_refused():
    with pytest.raises(ValueError, match="at most two"):
        workload.Workload(5, 11)


def test_crmsh_gets_its_properties_on_one_line():
    lines = workload.PEERS115.crmsh_file().splitlines()
    assert [line for line in lines if line.startswith("property ")] == lines[:1]
    assert len(lines) == 111


def test_the_report_names_what_is_met_and_what_was_not_measured():
    found = Measured(Options((), (10, 20), ("peers115",), 1, 20))
    row = {
        phase: Cell([0.1], processes=4, detail={"own": [0.01]}, reached=True) for phase in PHASES
    }
    found.rows["peers115"] = {(LIBRARY, "in-process"): row}
    found.objects["peers115"] = 115
    found.bare["peers115"] = {}
    for size in (10, 20):
        seconds = dict.fromkeys(PHASES, size / 1000)
        found.planning[size] = {"seconds": seconds, "peak_mib": 30.0}
    said = report.text(found)
    assert "met          planning: first, exponent of growth <= 1.15:  1" in said
    assert "NOT MET      peers115: no-op, children <= 1:  4" in said
    assert "not measured library: first apply of 200 primitives" in said
