from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from twist_scout.data.records import read_examples
from twist_scout.errors import BadConfig, BadInput
from twist_scout.scout.backends import BackendDown, BudgetSpent
from twist_scout.scout.pipeline import Progress, build
from twist_scout.scout.record import provenance_of
from twist_scout.scout.rejects import Reject

from . import small_run
from .small_run import Answerer, Source, Writer, run

FILES = ("train.jsonl", "rejects.jsonl")


def files(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in FILES]


def rejects(out: Path) -> list[Reject]:
    return [Reject.model_validate_json(line) for line in (out / "rejects.jsonl").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing ended."""
    out = tmp_path_factory.mktemp("whole")
    run(out)
    return out


def test_everything_is_kept_or_rejected_with_its_reason(tmp_path: Path) -> None:
    report = run(tmp_path)
    records = list(read_examples(tmp_path / "train.jsonl"))
    turned_down = rejects(tmp_path)
    assert report.complete
    assert report.stopped is None
    assert (report.items, report.records, report.rejected) == (small_run.ITEMS, len(records), len(turned_down))
    assert len(records) > 50
    assert len({record.id for record in records}) == len(records)
    by = Counter((reject.stage, reject.check) for reject in turned_down)
    assert {(r.stage, r.check): r.count for r in report.rejected_by} == by
    assert set(by) == {
        ("questions", "unreadable"),
        ("answers", "unreadable"),
        ("checks", "boxes"),
        ("duplicates", "near_duplicate"),
    }
    # What was asked is accounted for to the last question.
    asked = report.counts["questions"]
    assert report.counts["answers"] == asked - by["answers", "unreadable"]
    assert report.counts["passed"] == report.counts["answers"] - by["checks", "boxes"]
    assert report.records == report.counts["kept"] == report.counts["passed"] - by["duplicates", "near_duplicate"]
    assert json.loads((tmp_path / "report.json").read_text()) == report.model_dump(mode="json")


def test_records_say_where_they_come_from_and_what_was_checked(whole: Path) -> None:
    for record in read_examples(whole / "train.jsonl"):
        provenance = provenance_of(record)
        assert provenance is not None
        assert provenance.question_by == "small writer"
        assert provenance.answer_by == "small answerer"
        assert provenance.prompts == {"questions": "1", "answers": "2"}
        assert record.id.startswith(f"small:{provenance.item}:")
        assert record.meta["verdicts"] == {"grammar": "passed", "boxes": "passed"}
    failed = [reject for reject in rejects(whole) if reject.stage == "checks"]
    assert failed[0].reason == "boxes: Box 0 is elsewhere."
    assert failed[0].example is not None
    assert failed[0].example.meta["verdicts"]["boxes"] == "failed"


def test_the_order_is_the_sources_whatever_the_concurrency(whole: Path, tmp_path: Path) -> None:
    run(tmp_path / "one", concurrency=1)
    run(tmp_path / "many", 0.02, concurrency=50)
    assert files(tmp_path / "one") == files(tmp_path / "many") == files(whole)
    numbers = [int(record.id.split(":")[1][1:]) for record in read_examples(whole / "train.jsonl")]
    assert numbers == sorted(numbers)


def test_another_seed_is_another_data_set(whole: Path, tmp_path: Path) -> None:
    run(tmp_path, seed=1)
    assert files(tmp_path) != files(whole)


def test_a_finished_run_does_nothing_and_writes_the_same_again(whole: Path, tmp_path: Path) -> None:
    run(tmp_path)
    journal = (tmp_path / ".scout" / "journal.jsonl").read_bytes()
    (tmp_path / "train.jsonl").unlink()
    report = run(tmp_path)
    assert (tmp_path / ".scout" / "journal.jsonl").read_bytes() == journal
    assert files(tmp_path) == files(whole)
    assert report.done_before == report.items == small_run.ITEMS


def test_a_limit_is_a_beginning_and_can_be_raised(whole: Path, tmp_path: Path) -> None:
    first = run(tmp_path, limit=20)
    assert first.complete
    assert first.items == 20
    begun = files(tmp_path)[0]
    assert files(whole)[0].startswith(begun)
    assert run(tmp_path).items == small_run.ITEMS
    assert files(tmp_path) == files(whole)
    assert run(tmp_path, limit=20).items == 20
    assert files(tmp_path)[0] == begun


@pytest.mark.parametrize("attempt", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2, 3))])
def test_killed_at_any_moment_nothing_is_lost_or_twice(attempt: int, whole: Path, tmp_path: Path) -> None:
    lot = random.Random(attempt)
    environment = {**os.environ, "PYTHONPATH": str(Path(small_run.__file__).parents[2] / "src")}
    command = [sys.executable, small_run.__file__, str(tmp_path / "out"), "0.15"]
    journal = tmp_path / "out" / ".scout" / "journal.jsonl"
    kills = 0
    while True:
        size = journal.stat().st_size if journal.exists() else 0
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)
        while process.poll() is None and (journal.stat().st_size if journal.exists() else 0) <= size:
            time.sleep(0.002)  # most of its time goes into imports; a kill should hit the work
        try:
            process.wait(lot.uniform(0.0, 0.25))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            if lot.random() < 0.3:  # as if the kill had hit the middle of a line
                with journal.open("ab") as file:
                    file.write(b'{"index": 5, "item": "i5", "rec')
            continue
        assert process.stderr is not None
        assert process.returncode == 0, process.stderr.read().decode()
        break
    assert kills >= 2, "the run was too quick to be killed"
    assert files(tmp_path / "out") == files(whole)


def test_an_interrupt_finishes_what_is_under_way_and_can_be_gone_on_with(whole: Path, tmp_path: Path) -> None:
    notes: list[str] = []

    def watch(progress: Progress) -> None:
        if progress.done == 10 and not notes:
            notes.append("sent")
            signal.raise_signal(signal.SIGINT)
        if progress.note:
            notes.append(progress.note)

    report = run(tmp_path, 0.02, progress=watch)
    assert not report.complete
    assert report.stopped == "interrupted"
    assert 10 <= report.items <= 10 + 2 * 8
    assert "Finishing" in notes[1]
    assert report.records == len(list(read_examples(tmp_path / "train.jsonl")))
    assert run(tmp_path).complete
    assert files(tmp_path) == files(whole)


def test_a_second_interrupt_waits_for_nobody(whole: Path, tmp_path: Path) -> None:
    def watch(progress: Progress) -> None:
        if progress.done == 10 or progress.note:
            signal.raise_signal(signal.SIGINT)

    class Slow(Answerer):
        async def answer(self, item: Any, question: Any, *, seed: int) -> Any:
            if int(item.id[1:]) > 20:
                await asyncio.sleep(60)
            return await super().answer(item, question, seed=seed)

    started = time.monotonic()
    report = build(
        Source(), Writer(), Slow(), tmp_path, check=small_run.check, dedupe=small_run.SameWords, progress=watch
    )
    assert time.monotonic() - started < 10
    assert not report.complete
    assert report.items >= 10
    assert not (tmp_path / "train.jsonl").exists()
    run(tmp_path)
    assert files(tmp_path) == files(whole)


def test_a_spent_budget_ends_the_run_with_files_and_a_report(whole: Path, tmp_path: Path) -> None:
    class Poor(Answerer):
        answered = 0

        async def answer(self, item: Any, question: Any, *, seed: int) -> Any:
            self.answered += 1
            if self.answered > 40:
                raise BudgetSpent("The budget of 40 tokens is spent.")
            return await super().answer(item, question, seed=seed)

    report = build(Source(), Writer(), Poor(), tmp_path, check=small_run.check, dedupe=small_run.SameWords)
    assert report.stopped == "The budget of 40 tokens is spent."
    assert 0 < report.records <= 40
    assert json.loads((tmp_path / "report.json").read_text())["complete"] is False
    assert run(tmp_path).complete
    assert files(tmp_path) == files(whole)


def test_a_backend_that_goes_down_costs_nothing_that_was_finished(whole: Path, tmp_path: Path) -> None:
    class Down(Answerer):
        async def answer(self, item: Any, question: Any, *, seed: int) -> Any:
            if int(item.id[1:]) >= 30:
                raise BackendDown("openai:m@http://localhost does not work: gone.")
            return await super().answer(item, question, seed=seed)

    with pytest.raises(BackendDown, match="gone"):
        build(Source(), Writer(0.01), Down(), tmp_path, check=small_run.check, dedupe=small_run.SameWords)
    journal = (tmp_path / ".scout" / "journal.jsonl").read_bytes()
    assert journal.count(b"\n") > 10
    report = run(tmp_path)
    assert report.done_before == journal.count(b"\n") - 1
    assert files(tmp_path) == files(whole)


def test_a_source_that_breaks_off_lets_what_is_under_way_finish(whole: Path, tmp_path: Path) -> None:
    class Broken(Source):
        def __iter__(self) -> Any:
            for n, item in enumerate(super().__iter__()):
                if n == 25:
                    raise BadInput("line 26: not valid JSON.")
                yield item

    with pytest.raises(BadInput, match="line 26"):
        run(tmp_path, 0.02, source=Broken())
    report = run(tmp_path)
    assert report.done_before == 25
    assert files(tmp_path) == files(whole)


def test_one_questions_trouble_is_a_reject_of_that_question(tmp_path: Path) -> None:
    class Clumsy(Answerer):
        async def answer(self, item: Any, question: Any, *, seed: int) -> Any:
            if question.id == 1 and int(item.id[1:]) % 2:
                raise BadInput("A picture is damaged: download it again.")
            if question.id == 1:
                raise ZeroDivisionError("a fault")
            return await super().answer(item, question, seed=seed)

    def careless(example: Any, item: Any) -> Any:
        if example.id.endswith(":2"):
            raise KeyError("a fault of a check")
        return small_run.check(example, item)

    report = build(Source(), Writer(), Clumsy(), tmp_path, check=careless)
    by = Counter((reject.stage, reject.check) for reject in rejects(tmp_path))
    assert report.complete
    assert by["answers", "engine"] > 3
    assert by["answers", "BadInput"] > 3
    assert by["checks", "engine"] > 3
    turned_down = sum(count for (stage, _), count in by.items() if stage != "questions")
    assert report.counts["questions"] == report.records + turned_down
    assert report.to_retry > 3
    fault = next(reject for reject in rejects(tmp_path) if reject.check == "engine")
    assert fault.reason == "The engine failed with ZeroDivisionError: a fault"
    assert "Traceback" in fault.text
    assert fault.question.startswith("Where is thing 1")


def test_one_items_trouble_is_a_reject_of_that_item(tmp_path: Path) -> None:
    class Clumsy(Writer):
        async def questions(self, item: Any, *, seed: int) -> Any:
            if item.id in ("i3", "i4"):
                raise {"i3": ZeroDivisionError("a fault"), "i4": BadInput("no.")}[item.id]
            return await super().questions(item, seed=seed)

    report = build(Source(), Clumsy(), Answerer(), tmp_path, check=small_run.check, limit=10)
    found = {reject.item: reject for reject in rejects(tmp_path) if reject.item in ("i3", "i4")}
    assert report.items == 10
    assert (found["i3"].stage, found["i3"].check) == ("questions", "engine")
    assert (found["i4"].stage, found["i4"].check, found["i4"].reason) == ("questions", "BadInput", "no.")


def test_what_is_wrong_with_the_run_ends_it(tmp_path: Path) -> None:
    class Unset(Writer):
        async def questions(self, item: Any, *, seed: int) -> Any:
            raise BadConfig("A prompt cannot be filled in.")

    with pytest.raises(BadConfig, match="cannot be filled in"):
        build(Source(), Unset(), Answerer(), tmp_path, check=small_run.check)


def test_what_got_no_reply_is_asked_again_on_request(tmp_path: Path) -> None:
    class Deaf(Answerer):
        async def answer(self, item: Any, question: Any, *, seed: int) -> Any:
            answered = await super().answer(item, question, seed=seed)
            if int(item.id[1:]) % 3:
                return answered
            reject = Reject(item=item.id, stage="answers", check="backend", reason="the endpoint says 500.")
            return answered.model_copy(update={"example": None, "reject": reject})

    options: dict[str, Any] = {"check": small_run.check, "dedupe": small_run.SameWords}
    first = build(Source(), Writer(), Deaf(), tmp_path / "a", **options)
    assert first.to_retry > 10
    assert run(tmp_path / "a").to_retry == first.to_retry  # not without being asked to
    last = run(tmp_path / "a", retry=True)
    assert last.to_retry == 0
    assert last.done_before == small_run.ITEMS - first.to_retry
    run(tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_other_settings_are_another_run(tmp_path: Path) -> None:
    run(tmp_path, limit=3)
    with pytest.raises(BadConfig, match=r"other settings \(seed 0, now 1\)"):
        run(tmp_path, limit=3, seed=1)
    with pytest.raises(BadConfig, match=r"\(samples unset, now 5\)"):
        run(tmp_path, limit=3, settings={"samples": 5})
    assert run(tmp_path, limit=3, seed=1, restart=True).done_before == 0


def test_a_server_that_moved_is_the_same_backend(tmp_path: Path) -> None:
    def go(port: int) -> Any:
        writer = Writer(name=f"openai:m@http://localhost:{port}/v1")
        return build(Source(), writer, Answerer(), tmp_path, check=small_run.check, limit=5)

    go(1)
    assert go(2).done_before == 5


def test_a_source_that_changed_is_noticed(tmp_path: Path) -> None:
    run(tmp_path, limit=30)
    with pytest.raises(BadInput, match=r"Item 7 of the source \('i7'\) is not what it was"):
        run(tmp_path, source=Source(changed=7))
    run(tmp_path, source=Source(changed=40))  # it was not reached yet


def test_files_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("mine")
    with pytest.raises(BadConfig, match=r"holds train.jsonl and no journal"):
        run(tmp_path)
    assert (tmp_path / "train.jsonl").read_text() == "mine"
    run(tmp_path, restart=True)
    assert (tmp_path / "train.jsonl").read_text() != "mine"


def test_two_runs_cannot_write_at_once(tmp_path: Path) -> None:
    blocked: list[BaseException] = []

    def watch(progress: Progress) -> None:
        if progress.done == 5 and not blocked:
            try:
                run(tmp_path)
            except BadConfig as error:
                blocked.append(error)

    run(tmp_path, progress=watch)
    assert "Another run is writing" in str(blocked[0])


def test_items_of_one_id_give_records_of_different_ids(tmp_path: Path) -> None:
    class Twins(Source):
        def __iter__(self) -> Any:
            for item in super().__iter__():
                yield item.model_copy(update={"id": "same"})

    run(tmp_path, source=Twins(20), dedupe=None)
    ids = [record.id for record in read_examples(tmp_path / "train.jsonl")]
    assert len(set(ids)) == len(ids) > 10
    assert "small:same:0~2" in ids


def test_progress_knows_how_far_it_is(tmp_path: Path) -> None:
    seen: list[Progress] = []
    run(tmp_path, limit=30)
    run(tmp_path, progress=seen.append)
    assert seen[0].done == 30
    assert {progress.total for progress in seen} == {small_run.ITEMS}
    assert [progress.done for progress in seen] == list(range(30, small_run.ITEMS + 1))
    assert seen[-1].kept + seen[-1].rejected > seen[0].kept + seen[0].rejected


def test_it_runs_inside_a_loop_and_beside_the_main_thread(whole: Path, tmp_path: Path) -> None:
    async def notebook() -> None:
        run(tmp_path / "loop")

    asyncio.run(notebook())
    thread = threading.Thread(target=run, args=(tmp_path / "thread",))
    thread.start()
    thread.join()
    assert files(tmp_path / "loop") == files(tmp_path / "thread") == files(whole)
