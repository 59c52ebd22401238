from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from twist_scout.errors import BadConfig, BadInput
from twist_scout.scout.ledger import Ledger
from twist_scout.scout.outcome import ItemOutcome
from twist_scout.scout.rejects import Reject

SETTINGS = {"seed": 0, "questions": {"by": "rules", "prompts": {"positive": "1"}}}


def outcome(index: int, **options: Any) -> ItemOutcome:
    reject = Reject(
        item=f"i{index}", stage="answers", check="unreadable", reason="\u732b\n\U0001f600", text="x" * index
    )
    return ItemOutcome(index=index, item=f"i{index}", digest=f"{index:016x}", rejects=[reject], **options)


def filled(out: Path, count: int = 5) -> Path:
    with Ledger(out, SETTINGS) as ledger:
        for index in reversed(range(count)):
            ledger.append(outcome(index))
    return ledger.path


def test_what_is_appended_is_there_in_the_order_of_the_source(tmp_path: Path) -> None:
    filled(tmp_path)
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert list(ledger.in_order()) == [outcome(index) for index in range(5)]
        assert list(ledger.in_order(2)) == [outcome(0), outcome(1)]
        assert ledger.entries[3].rejected == 1
        ledger.append(outcome(7))
        assert [o.index for o in ledger.in_order()] == [0, 1, 2, 3, 4, 7]


def test_it_is_json_lines(tmp_path: Path) -> None:
    header, *lines = [json.loads(line) for line in filled(tmp_path).read_bytes().splitlines()]
    assert header == {"ledger": 1, "settings": SETTINGS}
    assert [line["index"] for line in lines] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99, 1.0])
def test_a_torn_last_line_is_cut_off_and_written_anew(share: float, tmp_path: Path) -> None:
    path = filled(tmp_path)
    content = path.read_bytes()
    last = content.splitlines(keepends=True)[-1]
    path.write_bytes(content[: len(content) - len(last)] + last[: int(share * (len(last) - 1))])
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert sorted(ledger.entries) == [1, 2, 3, 4]
        assert ledger.damaged == 0
        ledger.append(outcome(0))
    assert path.read_bytes() == content


def test_every_prefix_of_a_journal_can_be_gone_on_with(tmp_path: Path) -> None:
    path = filled(tmp_path, 3)
    content = path.read_bytes()
    header = content.index(b"\n") + 1
    for cut in range(header, len(content), 7):
        path.write_bytes(content[:cut])
        with Ledger(tmp_path, SETTINGS) as ledger:
            for index in {0, 1, 2} - set(ledger.entries):
                ledger.append(outcome(index))
            assert list(ledger.in_order()) == [outcome(index) for index in range(3)]


@pytest.mark.parametrize("rot", [b"\x00", b"{", b"\xff"])
def test_an_item_whose_line_is_damaged_is_done_again(rot: bytes, tmp_path: Path) -> None:
    path = filled(tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = rot * (len(lines[2]) - 1) + b"\n"
    path.write_bytes(b"".join(lines))
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert ledger.damaged == 1
        assert sorted(ledger.entries) == [0, 1, 2, 4]
        ledger.append(outcome(3))
        assert list(ledger.in_order()) == [outcome(index) for index in range(5)]


def test_the_later_line_about_an_item_counts(tmp_path: Path) -> None:
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(outcome(0, again=True))
        ledger.append(outcome(1))
        ledger.forget_unsuccessful()
        assert sorted(ledger.entries) == [1]
        ledger.append(outcome(0, counts={"kept": 3}))
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert next(ledger.in_order()).counts == {"kept": 3}


def test_what_failed_for_now_stays_done_until_its_next_line(tmp_path: Path) -> None:
    with Ledger(tmp_path, SETTINGS) as ledger:
        ledger.append(outcome(0, again=True))
        ledger.forget_unsuccessful()
    with Ledger(tmp_path, SETTINGS) as ledger:  # killed before it was done again
        assert ledger.entries[0].again


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({**SETTINGS, "seed": 1}, "seed 0, now 1"),
        ({**SETTINGS, "samples": 5}, "samples unset, now 5"),
        ({"seed": 0}, "questions .*, now unset"),
        (
            {"seed": 0, "questions": {"by": "rules", "prompts": {"positive": "2"}}},
            r'questions.prompts.positive "1", now "2"',
        ),
    ],
)
def test_other_settings_are_refused_by_name(settings: dict[str, Any], words: str, tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(BadConfig, match=words):
        Ledger(tmp_path, settings)
    with Ledger(tmp_path, SETTINGS) as ledger:  # and the lock was let go
        assert len(ledger.entries) == 5


def test_restart_throws_it_away(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / ".scout" / "train.jsonl.partial").write_text("left by a kill")
    with Ledger(tmp_path, {"seed": 9}, restart=True) as ledger:
        assert ledger.entries == {}
    assert sorted(path.name for path in (tmp_path / ".scout").iterdir()) == ["journal.jsonl", "lock"]


@pytest.mark.parametrize("content", [b"", b"hello\n", b"{}\n", b'{"ledger": 99, "settings": {}}\n', b"[1]\n"])
def test_another_file_is_no_journal(content: bytes, tmp_path: Path) -> None:
    filled(tmp_path).write_bytes(content)
    with pytest.raises(BadInput, match="not a journal of this version"):
        Ledger(tmp_path, SETTINGS)


def test_one_at_a_time(tmp_path: Path) -> None:
    with Ledger(tmp_path, SETTINGS), pytest.raises(BadConfig, match="Another run is writing"):
        Ledger(tmp_path, SETTINGS)
    Ledger(tmp_path, SETTINGS).close()


def test_another_process_is_kept_out_and_a_dead_one_keeps_nobody_out(tmp_path: Path) -> None:
    program = (
        "import os, sys; from twist_scout.scout.ledger import Ledger\n"
        f"ledger = Ledger({str(tmp_path)!r}, {SETTINGS!r}); print('open', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    process = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    with pytest.raises(BadConfig, match="Another run"):
        Ledger(tmp_path, SETTINGS)
    process.kill()
    process.wait()
    Ledger(tmp_path, SETTINGS).close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_and_nothing_follows_half_a_line(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    ledger = Ledger(tmp_path, SETTINGS)
    good = ledger._file
    ledger._file = open("/dev/full", "ab", buffering=0)  # type: ignore[assignment] # noqa: SIM115
    with pytest.raises(BadInput, match="No space left"):
        ledger.append(outcome(5))
    ledger._file.close()
    ledger._file = good
    with pytest.raises(BadInput, match="what was finished before is kept"):
        ledger.append(outcome(6))
    ledger.close()
    with Ledger(tmp_path, SETTINGS) as ledger:
        assert sorted(ledger.entries) == [0, 1]


def test_lines_reach_the_disk_within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fsync
    with Ledger(tmp_path, SETTINGS, sync_seconds=0.05) as ledger:
        monkeypatch.setattr(os, "fsync", lambda number: (synced.append(number), real(number))[1])
        ledger.append(outcome(0))
        for _ in range(200):
            if synced:
                break
            ledger._closing.wait(0.01)
        assert synced
        assert ledger.path.read_bytes().count(b"\n") == 2  # and the system had it at once
