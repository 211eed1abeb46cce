"""The runner through Salt's own loader: pillar files checked, and the schema for editors."""

from __future__ import annotations

import json

import pytest
import salt.loader
import yaml

from tests.salt.conftest import MASTER, ROOT

EXAMPLES = sorted(str(path) for path in (ROOT / "pillar/examples").glob("*.sls"))


@pytest.fixture
def runner(make_opts):
    context = {}
    loaded = salt.loader.runner(make_opts(MASTER, {}), context=context)
    return lambda name, *args, **kwargs: loaded[f"kvmha.{name}"](*args, **kwargs)


@pytest.fixture
def told(runner, tmp_path):
    """Return a function that writes a pillar file and returns what the runner says of it."""

    def check(text):
        path = tmp_path / "kvmha.sls"
        path.write_text(text)
        found = runner("validate_pillar", str(path))
        assert found["retcode"] == int(bool(found["problems"])) == int(not found["valid"])
        return [line.removeprefix(f"{path}:") for line in found["problems"]]

    return check


def test_all_examples_are_valid_at_once(runner):
    found = runner("validate_pillar", *EXAMPLES)
    assert found["valid"] and found["retcode"] == 0 and found["problems"] == []
    assert list(found["clusters"]) == EXAMPLES
    (lab,) = (path for path in EXAMPLES if path.endswith("/lab.sls"))
    assert found["clusters"][lab] == {
        "cluster": "alpha",
        "nodes": ["ha-host1", "ha-host2", "ha-host3"],
    }


MISTAKES = """\
kvmha:
  cluster: {name: alpha}
  nodes:
    - {name: ha-host1, id: 1, links: [192.168.56.101]}
    - {name: ha-host2, id: 1, links: [192.168.56.102]}
    - name: ha-host3
      link: [192.168.56.103]
  fencing:
    sbd:
      watchdog_timeout: 5
"""


def test_each_mistake_has_its_line(told):
    assert [line.rpartition(" (hint")[0] for line in told(MISTAKES)] == [
        "5:24: nodes[1].id: 1 is already used by 'ha-host1'",
        "6:7: nodes[2].id: is missing",
        "7:7: nodes[2].link: is no known key",
        "10:7: fencing.sbd.watchdog_timeout: '5' has no unit",
    ]


def test_a_repeated_key_and_the_other_mistakes_are_told_together(told):
    text = MISTAKES.replace("id: 1, links: [192.168.56.102]", "id: 2, id: 1, links: [a]")
    lines = [line.partition(" (hint")[0] for line in told(text)]
    assert "5:31: nodes[1].id: is there already, on line 5" in lines
    assert "5:31: nodes[1].id: 1 is already used by 'ha-host1'" in lines
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "1:1: file: has no key kvmha"),
        ("kvmha:\n", "1:1: kvmha: is empty or missing"),
        ("kvmha: [\n", "2:1: file: is no YAML"),
        ("kvmha: {{ pillar }}\n", "1:8: file: has Jinja"),
        ("#!py\n", "1:1: file: is written for the renderer py"),
        ("kvmha: !!python/name:os.system x\n", "1:8: file: is no YAML"),
        ("kvmha:\n  ? [a]\n  : 1\n", "2:5: file: is no YAML"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(text, line, told):
    (found,) = told(text)
    assert found.startswith(line)


def test_mistakes_of_one_file_leave_the_others_checked(runner, tmp_path):
    found = runner("validate_pillar", str(tmp_path / "gone.sls"), EXAMPLES[0])
    assert found["problems"] == [f"{tmp_path}/gone.sls: No such file or directory"]
    assert list(found["clusters"]) == EXAMPLES[:1]


def test_bytes_that_are_no_text_are_said(runner, tmp_path):
    (tmp_path / "a.sls").write_bytes(b"kvmha: \xff\n")
    (line,) = runner("validate_pillar", str(tmp_path / "a.sls"))["problems"]
    assert "utf-8" in line


def test_no_file_is_a_mistake(runner):
    assert runner("validate_pillar")["retcode"] == 1


def test_a_date_is_the_text_that_salt_makes_of_it(told):
    text = (ROOT / "pillar/examples/minimal.sls").read_text()
    assert told(text + "  cib: {properties: {x: 2024-01-01}}\n") == []


def test_the_schema_is_returned_or_written(runner, tmp_path):
    path = tmp_path / "schema.json"
    assert runner("schema", path=str(path)) == {"retcode": 0, "written": str(path)}
    assert json.loads(path.read_text()) == runner("schema")
    assert yaml.safe_load(path.read_text())["required"] == ["kvmha"]


def test_a_folder_that_is_not_there_is_said(runner, tmp_path):
    found = runner("schema", path=str(tmp_path / "gone" / "schema.json"))
    assert found["retcode"] == 1
    assert "No such file" in found["problems"][0]
