"""The page of the protocol says what is there, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

from twist_scout.boxes import known_dialects
from twist_scout.boxes.dialects import dialect_frame, get_dialect
from twist_scout.cli.app import app, evaluation
from twist_scout.evaluation.captioning import PROTOCOL as CAPTIONING
from twist_scout.evaluation.judging import JUDGED
from twist_scout.evaluation.localization.result import PROTOCOL as LOCALIZATION
from twist_scout.evaluation.referring import CONVENTIONS
from twist_scout.evaluation.referring import PROTOCOL as REFERRING
from twist_scout.evaluation.rejection.result import PROTOCOL as REJECTION
from twist_scout.evaluation.retention import PROTOCOL as RETENTION
from twist_scout.evaluation.understanding import BENCHMARKS

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text("utf-8")


def rows(first: str) -> dict[str, list[str]]:
    """The table whose heading begins so, by its first column."""
    table = PAGE.split(f"\n| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in table]
    return {row[0].strip("`"): row[1:] for row in cells}


def test_every_convention_stands_there_with_its_rule_and_source() -> None:
    told = rows("convention")
    assert set(told) == set(CONVENTIONS)
    for name, convention in CONVENTIONS.items():
        assert told[name][2] == convention.rule
        assert told[name][4].split(" ")[0].split(":")[0] in convention.source


def test_every_dialect_reads_the_box_that_is_shown() -> None:
    told = rows("dialect")
    assert set(told) == set(known_dialects())
    for name, (shown, *_) in told.items():
        text = shown.strip("`").replace("\\|", "|")
        boxes = [
            box
            for span in get_dialect(name, dialect_frame(name, width=640, height=480)).find(text)
            for box in span.boxes
        ]
        assert len(boxes) == 1, name


def test_every_command_stands_there_with_its_version() -> None:
    told = rows("command")
    names = {command.name or command.callback.__name__ for command in evaluation.registered_commands}
    assert {name.removeprefix("eval ") for name in told} == names
    versions = " ".join(row[1] for row in told.values())
    protocols = [REFERRING, LOCALIZATION, CAPTIONING, REJECTION, RETENTION, "comparison/1"]
    protocols += [benchmark.protocol for benchmark in BENCHMARKS.values()]
    for protocol in protocols:
        assert f"`{protocol}`" in versions
    for name in JUDGED:
        assert f"`{name}/" in versions


def test_options_that_are_named_exist() -> None:
    commands = [*evaluation.registered_commands, *app.registered_commands]
    code = "\n".join(Path(command.callback.__code__.co_filename).read_text("utf-8") for command in commands)
    for option in set(re.findall(r"--[a-z][a-z-]+", PAGE)):
        assert option in code or f"{option.removeprefix('--').replace('-', '_')}:" in code, option


def test_the_python_on_the_page_runs(capsys) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/evaluation.md", "exec"), {})
    first, second = capsys.readouterr().out.splitlines()
    assert "1.0000" in first
    assert "against before" in second
