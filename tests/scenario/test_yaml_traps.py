import os

import pytest

from returnsim.errors import ScenarioError
from returnsim.scenario.files import load_scenario
from tests.scenario.files import HEAD, problem, problems


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ScenarioError, match=r"nowhere\.yaml: no such file"):
        load_scenario(tmp_path / "nowhere.yaml")


def test_a_folder_is_told_with_a_file_in_it(tmp_path):
    with pytest.raises(ScenarioError, match=r"this is a folder; name a file in it$"):
        load_scenario(tmp_path)
    for name in ("what-if.yaml", "camp.yaml", "a.csv"):
        (tmp_path / name).write_text(HEAD)
    (tmp_path / "a.yaml").mkdir()
    with pytest.raises(ScenarioError, match=r": this is a folder; .*, such as camp\.yaml$"):
        load_scenario(tmp_path)


def test_a_pipe_is_told_to_be_no_file_on_disk(tmp_path):
    os.mkfifo(tmp_path / "camp.yaml")
    with pytest.raises(ScenarioError, match=r"camp\.yaml: no file on disk but a pipe"):
        load_scenario(tmp_path / "camp.yaml")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (b"", "the file is empty"),
        (b"# nothing but a comment\n", "the file is empty"),
        (bytes(range(256)), "not a text file in UTF-8"),
        (b"title: \0", "zero bytes"),
        (b"title: \x07", "no valid YAML"),
        (b"#" * 1_000_001, "larger than 1,000,000 bytes"),
        (b"- a\n- b\n", "a scenario file is a mapping"),
        (b"only words", "a scenario file is a mapping"),
        (b"title: a: b\n", "no valid YAML: mapping values are not allowed here"),
        (b"title: [a\n", "no valid YAML"),
        (HEAD.encode() + b"---\n" + HEAD.encode(), "another document"),
        (b"title: *unknown\n", "undefined alias"),
        (b"a: &a [*a]\n", "repeat too much"),
        (b"question: " + b"[" * 50_000, "nested deeper than 20 levels"),
        (b"{a: " * 50_000, "nested deeper than 20 levels"),
    ],
)
def test_what_is_no_plain_mapping_in_yaml_is_one_clear_problem(tmp_path, text, rule):
    assert rule in problem(tmp_path, text).rule


def test_aliases_that_multiply_are_refused(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    assert "repeat too much" in problem(tmp_path, "\n".join(lines)).rule


def test_an_alias_used_modestly_is_read(tmp_path):
    file = tmp_path / "camp.yaml"
    file.write_text(HEAD + "behaviour: {cost: &two 2, norm: *two}\n")
    assert load_scenario(file).behaviour.norm.value == 2


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.getcwd", "!mine", "!!binary", "!!set"])
def test_a_tag_is_refused_where_it_stands(tmp_path, tag):
    found = problems(tmp_path, HEAD + f"question: {tag} x\n")
    assert (found[0].line, found[0].column, found[0].path) == (4, 11, "question")
    assert "tags are not read" in found[0].rule


def test_merge_keys_are_refused(tmp_path):
    text = HEAD + "livelihood: &l {relief: 0}\nbehaviour: {<<: *l}\n"
    assert "use `extends`" in problem(tmp_path, text).rule


def test_a_key_written_twice_is_told_with_both_places(tmp_path):
    found = problem(tmp_path, HEAD + "levers:\n  aid: {coverage: 0,\n    coverage: 1}\n")
    assert (found.line, found.column, found.path) == (6, 5, "levers.aid.coverage")
    assert found.rule == "written twice; the first is in line 5"


@pytest.mark.parametrize("key", ["1", "null", "2020-01-01", "? [a, b]\n"])
def test_a_key_that_is_no_text_is_told(tmp_path, key):
    assert "a key must be" in problem(tmp_path, HEAD + f"{key}: x\n").rule


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
def test_numbers_that_are_not_finite_are_refused(tmp_path, number):
    found = problem(tmp_path, HEAD + f"behaviour: {{age: {number}}}\n")
    assert found.rule == "must be a finite number"


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path):
    file = tmp_path / "camp.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode())
    assert load_scenario(file).weeks == 10


def test_numbers_may_be_written_as_yaml_allows(tmp_path):
    file = tmp_path / "camp.yaml"
    file.write_text(HEAD + "behaviour: {cost: 1e1, age: -.5, norm: 3}\n")
    behaviour = load_scenario(file).behaviour
    assert [behaviour.cost.value, behaviour.age.value, behaviour.norm.value] == [10, -0.5, 3]
