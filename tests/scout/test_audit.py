"""Judgements are kept through anything, and the interval is Wilson's."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import twist_scout
from twist_scout.data.records import read_examples, write_examples
from twist_scout.errors import BadInput
from twist_scout.scout.audit import ANSWERS, Audit, AuditResult

from .data_set import write_data_set


def test_the_papers_numbers() -> None:
    low, high = AuditResult(records=120, right=95, wrong=5, skipped=0).interval
    assert (round(low, 3), round(high, 3)) == (0.888, 0.978)
    assert AuditResult(records=120, right=0, wrong=0, skipped=0).interval == (0.0, 1.0)


def test_judgements_are_found_again(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    first = Audit(tmp_path / "train.jsonl")
    for number, answer in ((0, "right"), (2, "wrong"), (3, "skipped"), (0, "wrong")):
        first.judge(number, answer)
    again = Audit(tmp_path / "train.jsonl")
    assert again.answers == first.answers == ["wrong", None, "wrong", "skipped"]
    result = again.result()
    assert (result.judged, result.right, result.wrong, result.skipped, result.left) == (2, 0, 2, 1, 1)
    assert result.share == 0
    assert result.wrong_ids == ("small:1:0", "small:2:0")
    json.dumps(result.to_dict())


def test_a_changed_record_has_to_be_judged_anew(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    audit = Audit(tmp_path / "train.jsonl")
    for number in range(4):
        audit.judge(number, "right")
    made = list(read_examples(tmp_path / "train.jsonl"))
    made[1] = made[1].model_copy(update={"boxes": [(0, 0, 9, 9), *made[1].boxes[1:]]})
    write_examples(tmp_path / "train.jsonl", made[::-1])
    assert Audit(tmp_path / "train.jsonl").answers == ["right", "right", None, "right"]


def test_a_line_that_a_kill_cut_short_costs_only_itself(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    Audit(tmp_path / "train.jsonl").judge(0, "right")
    log = tmp_path / "audit.jsonl"
    with log.open("ab") as file:
        file.write(log.read_bytes()[:30])
    audit = Audit(tmp_path / "train.jsonl")
    audit.judge(1, "wrong")
    assert Audit(tmp_path / "train.jsonl").answers == ["right", "wrong", None, None]


def test_a_larger_or_other_sample_keeps_what_was_judged(tmp_path: Path) -> None:
    made = write_data_set(tmp_path)
    write_examples(
        tmp_path / "train.jsonl", [one.model_copy(update={"id": f"{n}"}) for n in range(40) for one in made[:1]]
    )
    small = Audit(tmp_path / "train.jsonl", count=10, seed=5)
    for number in range(10):
        small.judge(number, "right")
    whole = Audit(tmp_path / "train.jsonl", count=40, seed=6)
    assert [record.id for record, answer in zip(whole.records, whole.answers, strict=True) if answer] == [
        record.id for record in small.records
    ]


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    audit = Audit(tmp_path / "train.jsonl")
    threads = [
        threading.Thread(target=lambda n=n: [audit.judge(n % 4, ANSWERS[(n + k) % 3]) for k in range(20)])
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert len(lines) == 160
    assert all(json.loads(line)["answer"] in ANSWERS for line in lines)
    assert Audit(tmp_path / "train.jsonl").answers == audit.answers


def test_a_judgement_is_on_the_disk_when_the_call_returns(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    code = (
        "import os, signal, sys; from pathlib import Path; from twist_scout.scout.audit import Audit;"
        "Audit(Path(sys.argv[1])).judge(1, 'wrong'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(twist_scout.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "train.jsonl")], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert Audit(tmp_path / "train.jsonl").answers == [None, "wrong", None, None]


def test_files_of_other_names_have_audits_of_their_own(tmp_path: Path) -> None:
    write_data_set(tmp_path)
    (tmp_path / "train.jsonl").rename(tmp_path / "mine.jsonl")
    assert Audit(tmp_path / "mine.jsonl").log.name == "mine.audit.jsonl"


def test_nothing_to_judge(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("\n")
    with pytest.raises(BadInput, match="no records"):
        Audit(tmp_path / "train.jsonl")
    write_data_set(tmp_path)
    for number in (-1, 4):
        with pytest.raises(IndexError):
            Audit(tmp_path / "train.jsonl").judge(number, "right")
