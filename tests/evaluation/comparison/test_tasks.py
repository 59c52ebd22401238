"""Comparisons score as the evaluators' own commands do, and show what was asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from twist_scout.cli import main
from twist_scout.errors import BadConfig
from twist_scout.evaluation.comparison import TASKS, TaskOptions, compare, compared_cases, open_task
from twist_scout.evaluation.reading import AnswerReader

from .truths import SIZE, answers, truth_of

TASKS_HERE = ["referring", "localization", "captioning", "rejection", "pope"]
ONLY_NAMES = TaskOptions(mapper="names")


@pytest.mark.parametrize("name", TASKS_HERE)
def test_a_task_scores_as_its_own_command_does(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = truth_of(name, tmp_path)
    file = answers(name, tmp_path / "a.jsonl", wrong=3)
    command = {"pope": ["understanding", "pope"], "captioning": ["captioning", "--mapper", "names"]}.get(name, [name])
    assert main(["eval", *command, "-p", str(file), "-t", str(truth), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    task = open_task(name, truth, ONLY_NAMES if name == "captioning" else None)
    result = task.score(task.read(file), AnswerReader("scout"))
    assert {"protocol": result.protocol, **result.to_dict()} == told


@pytest.mark.parametrize("name", TASKS_HERE)
def test_what_flips_is_shown_with_what_was_asked(name: str, tmp_path: Path) -> None:
    task = open_task(name, truth_of(name, tmp_path), ONLY_NAMES if name == "captioning" else None)
    files = [task.read(answers(name, tmp_path / f"{wrong}.jsonl", wrong=wrong)) for wrong in (0, 2)]
    readers = [AnswerReader("scout")] * 2
    scored = {str(n): task.score(file, reader) for n, (file, reader) in enumerate(zip(files, readers, strict=True))}
    result = compare(scored)
    assert result.differences[0].worse == 2
    cases = compared_cases(result, task, files, readers)
    assert [case.group for case in cases] == ["Worse in 1"] * 2
    for case in cases:
        assert case.question
        assert (case.name, case.others[0].name) == ("0", "1")
        assert case.score > case.others[0].score
        assert case.answer == files[0][case.id].text
        if name in ("referring", "localization", "captioning"):
            assert case.size == SIZE
            assert case.predicted[0][1].iou(case.truth[0][1]) > 0.9
            assert case.others[0].predicted[0][1].iou(case.truth[0][1]) < 0.5
        else:
            assert case.note.startswith("Right: ")


def test_several_models_flip_together(tmp_path: Path) -> None:
    task = open_task("referring", truth_of("referring", tmp_path))
    files = [task.read(answers("referring", tmp_path / f"{wrong}.jsonl", wrong=wrong)) for wrong in (0, 2, 4)]
    readers = [AnswerReader("scout")] * 3
    result = compare({str(n): task.score(f, r) for n, (f, r) in enumerate(zip(files, readers, strict=True))})
    cases = compared_cases(result, task, files, readers, each=1)
    assert [(case.group, len(case.answers)) for case in cases] == [("flipped", 3)] * 2


def test_captions_may_be_named_as_their_pictures_are(tmp_path: Path) -> None:
    task = open_task("captioning", truth_of("captioning", tmp_path), TaskOptions(mapper="names", only_predicted=True))
    file = answers("captioning", tmp_path / "a.jsonl")
    rows = [json.loads(line) for line in file.read_text().splitlines()][2:]
    named = [{**row, "id": f"{row['id']}.jpg"} for row in rows[:-1]] + [{**rows[-1], "id": "of nothing"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in named))
    found = task.read(file)
    assert list(found) == [row["id"] for row in rows[:-1]] + ["of nothing"]
    result = task.score(found, AnswerReader("scout"))
    told = result.to_dict()
    assert (told["images"], told["unknown"], told["left_aside"]) == (5, 1, 3)
    assert list(result.scores()) == [row["id"] for row in rows[:-1]]


def test_of_captions_whole_images_are_resampled(tmp_path: Path) -> None:
    task = open_task("captioning", truth_of("captioning", tmp_path), ONLY_NAMES)
    results = {
        str(wrong): task.score(
            task.read(answers("captioning", tmp_path / f"{wrong}.jsonl", wrong=wrong)), AnswerReader()
        )
        for wrong in (0, 3)
    }
    compared = compare(results)
    aps = [result.to_dict()["ap"] for result in results.values()]
    assert compared.values == pytest.approx(aps)
    paired = compared.differences[0].paired
    assert paired.difference == pytest.approx(aps[1] - aps[0])
    assert paired.low <= paired.difference <= paired.high <= 0


def test_answers_that_need_a_size_are_shown_without_boxes(tmp_path: Path) -> None:
    task = open_task("pope", truth_of("pope", tmp_path))
    files = [task.read(answers("pope", tmp_path / f"{wrong}.jsonl", wrong=wrong)) for wrong in (0, 2)]
    readers = [AnswerReader("qwen2.5-vl")] * 2
    result = compare({str(n): task.score(f, r) for n, (f, r) in enumerate(zip(files, readers, strict=True))})
    cases = compared_cases(result, task, files, readers)
    assert len(cases) == 2
    assert all(not case.predicted for case in cases)


def test_unknown_tasks_and_options_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="referring, localization"):
        open_task("segmentation", tmp_path)
    with pytest.raises(BadConfig, match="--convention"):
        open_task("pope", tmp_path, TaskOptions(convention="shikra"))
    assert {"referring", "localization", "captioning", "rejection", "pope", "mme"} <= set(TASKS)
