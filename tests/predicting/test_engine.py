from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from twist_scout.errors import BadConfig, BadInput
from twist_scout.predicting import read_sidecar, sidecar_path
from twist_scout.predicting.answering import BatchGrounder
from twist_scout.predicting.engine import RunSettings, RunSummary, predict
from twist_scout.predicting.identity import fingerprint
from twist_scout.predicting.pictures import PictureFolder
from twist_scout.predicting.questions import Question, QuestionSet, Task
from twist_scout.predicting.sources import Asked, read_questions

Run = Callable[..., RunSummary]


class Killed(Exception):
    """In place of a signal."""


@pytest.fixture(scope="module")
def grounder(tiny_base: Path, tiny_adapter: Path) -> BatchGrounder:
    return BatchGrounder.from_pretrained(tiny_base, tiny_adapter, "cpu")  # type: ignore[return-value]


@pytest.fixture(scope="module")
def settings(tiny_base: Path, tiny_adapter: Path) -> RunSettings:
    return RunSettings(fingerprint(tiny_base), fingerprint(tiny_adapter), max_new_tokens=48, batch_size=3, scores=True)


@pytest.fixture
def run(grounder: BatchGrounder, settings: RunSettings, scenes: Path, tmp_path: Path) -> Run:
    def begin(
        out: str = "p.jsonl", task: Task = "referring", questions: QuestionSet | None = None, **options: Any
    ) -> RunSummary:
        own = {key: options.pop(key) for key in list(options) if key in RunSettings.__dataclass_fields__}
        asked = questions or read_questions(task, Asked(scenes))
        folder = PictureFolder(scenes.parent)
        return predict(asked, lambda: grounder, folder, tmp_path / out, replace(settings, **own), **options)

    return begin


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_question_gets_a_line_in_the_order_of_the_data(run: Run, tmp_path: Path, scenes: Path) -> None:
    seen: list[tuple[int, int]] = []
    summary = run(on_progress=lambda done, total: seen.append((done, total)))
    found = rows(tmp_path / "p.jsonl")
    questions = read_questions("referring", Asked(scenes)).questions
    assert [row["id"] for row in found] == [question.id for question in questions]
    assert [list(row) for row in found] == [["id", "image", "text", "score"]] * 10
    assert all("[[10,20,50,80]]" in row["text"] and row["score"] < 0 for row in found)
    assert (summary.total, summary.answered, summary.found, summary.errors) == (10, 10, 0, 0)
    assert seen[0] == (0, 10)
    assert seen[-1] == (10, 10)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_sidecar_says_how_to_read_and_how_it_was_made(run: Run, tmp_path: Path) -> None:
    run(facts={"model": "m", "command": "c"})
    sidecar = read_sidecar(tmp_path / "p.jsonl")
    assert sidecar is not None
    assert (sidecar.dialect, sidecar.frame) == ("scout", "stretched")
    content = sidecar.content
    assert (content["complete"], content["errors"], content["command"]) == (True, 0, "c")
    assert content["settings"]["mode"] == "grounding"
    assert content["settings"]["prompts"]
    assert content["runs"][0]["batch_size"] == 3
    assert {"torch", "transformers", "peft", "python"} <= set(content["runs"][0]["versions"])
    (answer,) = sidecar.reader().read(rows(tmp_path / "p.jsonl")[0]["text"], (40, 50)).boxes
    assert answer.to_pixels(100, 100) == pytest.approx((10, 20, 50, 80))


@pytest.mark.parametrize("stop_at", [0, 3, 6, 9])
def test_a_run_that_was_killed_ends_the_same_to_the_byte(run: Run, tmp_path: Path, stop_at: int) -> None:
    run("whole.jsonl")

    def kill(done: int, total: int) -> None:
        if done >= stop_at:
            raise Killed

    with pytest.raises(Killed):
        run("killed.jsonl", on_progress=kill)
    torn = tmp_path / "killed.jsonl"
    with torn.open("ab") as file:  # half a line, as a kill leaves it
        file.write(b'{"id": "test-6-0", "te')
    summary = run("killed.jsonl")
    assert torn.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert summary.found == stop_at
    assert summary.answered == 10 - stop_at


def test_a_batch_that_was_begun_is_asked_whole(
    run: Run, tmp_path: Path, grounder: BatchGrounder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows must not depend on where a run was killed, so they keep their company."""
    run("whole.jsonl")
    lines = (tmp_path / "whole.jsonl").read_bytes().splitlines(keepends=True)
    sizes: list[int] = []
    answers = grounder.answers

    def counted(pictures: Any, prompts: Any, *rest: Any, **options: Any) -> Any:
        sizes.append(len(prompts))
        return answers(pictures, prompts, *rest, **options)

    monkeypatch.setattr(grounder, "answers", counted)
    (tmp_path / "part.jsonl").write_bytes(b"".join(lines[:4]))
    sidecar_path(tmp_path / "part.jsonl").write_bytes(sidecar_path(tmp_path / "whole.jsonl").read_bytes())
    content = json.loads(sidecar_path(tmp_path / "part.jsonl").read_text())
    sidecar_path(tmp_path / "part.jsonl").write_text(json.dumps({**content, "complete": False}))
    run("part.jsonl")
    assert (tmp_path / "part.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert set(sizes) <= {1, 3}
    assert sum(sizes) >= 6


def test_the_file_is_independent_of_the_batch_size_here(run: Run, tmp_path: Path) -> None:
    """No promise for every model; this one's answers are far from a tie."""
    for size in (1, 2, 10):
        run(f"{size}.jsonl", batch_size=size, scores=False)
    assert len({(tmp_path / f"{size}.jsonl").read_bytes() for size in (1, 2, 10)}) == 1


def test_another_batch_size_goes_on_and_is_on_record(run: Run, tmp_path: Path) -> None:
    def kill(done: int, total: int) -> None:
        if done:
            raise Killed

    with pytest.raises(Killed):
        run(on_progress=kill)
    run(batch_size=2)
    sidecar = read_sidecar(tmp_path / "p.jsonl")
    assert sidecar is not None
    assert [entry["batch_size"] for entry in sidecar.content["runs"]] == [3, 2]


def test_a_finished_file_needs_no_model(run: Run, tmp_path: Path, scenes: Path, settings: RunSettings) -> None:
    run()
    before = (tmp_path / "p.jsonl").stat().st_mtime_ns
    questions = read_questions("referring", Asked(scenes))

    def never() -> BatchGrounder:
        raise AssertionError

    summary = predict(questions, never, PictureFolder(scenes.parent), tmp_path / "p.jsonl", settings)
    assert (summary.answered, summary.found) == (0, 10)
    assert (tmp_path / "p.jsonl").stat().st_mtime_ns == before


def test_other_settings_are_refused_and_a_fresh_start_is_possible(run: Run, tmp_path: Path) -> None:
    run()
    before = (tmp_path / "p.jsonl").read_bytes()
    with pytest.raises(BadConfig, match="max new tokens 48, now 5"):
        run(max_new_tokens=5)
    with pytest.raises(BadConfig, match='task "referring", now "captioning"'):
        run(task="captioning")
    with pytest.raises(BadConfig, match="mode"):
        run(mode="understanding")
    assert (tmp_path / "p.jsonl").read_bytes() == before
    assert run(max_new_tokens=5, restart=True).answered == 10


def test_a_file_of_someone_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": "1", "text": "mine"}\n')
    with pytest.raises(BadConfig, match="no file beside it says how it was made"):
        run()
    assert "mine" in (tmp_path / "p.jsonl").read_text()
    sidecar_path(tmp_path / "p.jsonl").write_text("{")
    with pytest.raises(BadInput, match="--restart"):
        run()


def test_a_bad_picture_costs_its_own_line(run: Run, tmp_path: Path, scenes: Path) -> None:
    (scenes.parent / "test-3.png").write_bytes(b"no picture")
    (scenes.parent / "test-4.png").unlink()
    said: list[str] = []
    summary = run(on_error=said.append)
    found = {row["id"]: row for row in rows(tmp_path / "p.jsonl")}
    assert summary.errors == 3
    assert len(said) == 3
    assert found["test-3-0"]["text"] == found["test-4-0"]["text"] == ""
    assert "test-3.png is not a picture" in found["test-3-1"]["error"]
    assert "test-4.png is not in" in found["test-4-0"]["error"]
    assert summary.first_error in {row.get("error") for row in found.values()}
    assert all(row["text"] for id, row in found.items() if id[5] not in "34")
    assert run().answered == 0  # errors stay, unless they are to be tried again
    (scenes.parent / "test-5.png").rename(scenes.parent / "test-4.png")
    again = run(retry_errors=True)
    assert (again.answered, again.errors) == (3, 2)
    assert len(rows(tmp_path / "p.jsonl")) == 10


def test_the_task_decides_which_expert_answers(run: Run, tmp_path: Path) -> None:
    questions = QuestionSet(
        "understanding",
        (Question("1", "test-0.png", "What is it?"), Question("2", None, "Where is it?")),
        read_questions_wording(),
    )
    run("base.jsonl", questions=questions)
    run("twin.jsonl", questions=questions, mode="grounding")
    assert rows(tmp_path / "base.jsonl")[0]["text"] == "a red car"
    assert "[[10,20,50,80]]" in rows(tmp_path / "twin.jsonl")[0]["text"]
    assert list(rows(tmp_path / "base.jsonl")[1]) == ["id", "text", "score"]


def read_questions_wording() -> Any:
    from twist_scout.predicting.questions import Wording

    return Wording(("{question}",))
