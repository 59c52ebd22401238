"""The run: from a source to a verified data set, resumable at any moment.

::

    source -> items -> stages (many at once) -> ledger, as they finish -> files, in the order of the source

Whatever ends a run (a kill, Ctrl-C, a server that goes down, a spent budget), the same call goes on where it was, and
the files are those of a run that nothing ended, byte for byte, where the backends are deterministic.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from twist_scout.errors import BadConfig, BadInput
from twist_scout.scout.answers import Answerer
from twist_scout.scout.backends.base import Backend
from twist_scout.scout.build_report import BuildReport, load_report
from twist_scout.scout.finalise import RECORDS, REJECTS, REPORT, Dedupe, write_files, write_report
from twist_scout.scout.image_references import ImageReferences
from twist_scout.scout.items import SourceItem
from twist_scout.scout.ledger import FOLDER, Ledger
from twist_scout.scout.local_engine import Stop
from twist_scout.scout.questions import QuestionWriter
from twist_scout.scout.run import Closes, Progress, Run, Works
from twist_scout.scout.stages import AbsenceJudge, Check, ItemDescriber, Stages


def build(
    source: Iterable[SourceItem],
    writer: QuestionWriter,
    answerer: Answerer,
    out: str | Path,
    *,
    check: Check,
    dedupe: Callable[[], Dedupe] | None = None,
    describer: ItemDescriber | None = None,
    absence: AbsenceJudge | None = None,
    seed: int = 0,
    concurrency: int = 16,
    limit: int | None = None,
    copy_images: bool = False,
    settings: Mapping[str, Any] | None = None,
    restart: bool = False,
    retry: bool = False,
    progress: Callable[[Progress], None] | None = None,
    backends: Sequence[Backend] = (),
) -> BuildReport:
    """Make a data set in this process: ``OUT/train.jsonl``, ``OUT/rejects.jsonl`` and ``OUT/report.json``.

    Args:
        source: gives the items, the same in the same order each time. ``name``, ``tally`` and ``length()`` are used
            where it has them.
        writer: writes questions about an item.
        answerer: answers them.
        out: folder to write to; it is made. A run that was ended is gone on with.
        check: judges each record, with the item that it is about.
        dedupe: makes what finds near-duplicates; they are judged in the order of the source.
        describer: captions pictures that lack a grounded caption.
        absence: looks for what negative records call missing, once they have passed all else.
        seed: of the run.
        concurrency: items under way at once. Has no influence on the result.
        limit: only the first so many items; a later run with a higher limit goes on.
        copy_images: copy the pictures of records to ``OUT/images``. Without it a record names its picture relative to
            ``OUT`` where it lies below, else by its absolute path.
        settings: what else decides about the records, JSON-ready. A run goes on only with the same settings.
        restart: throw away what an earlier run left in ``out``.
        retry: do items again whose backend did not reply in an earlier run.
        progress: called after each item.
        backends: those that writer and answerer use; they are closed at the end.

    Returns:
        The numbers of the run, also where it was stopped early.

    Raises:
        BadConfig: ``out`` holds something else, or another run is writing there.
        BadInput: the source changed, or the disk cannot be written.
        BackendDown: a model answers nobody. What was finished is kept.
    """
    return build_with(
        Stages(writer, answerer, check, ImageReferences(out, copy=copy_images), describer, seed, absence),
        source,
        out,
        dedupe=dedupe,
        concurrency=concurrency,
        limit=limit,
        settings=settings,
        restart=restart,
        retry=retry,
        progress=progress,
        closing=backends,
    )


def build_with(
    stages: Works,
    source: Iterable[SourceItem],
    out: str | Path,
    *,
    dedupe: Callable[[], Dedupe] | None = None,
    concurrency: int = 16,
    limit: int | None = None,
    settings: Mapping[str, Any] | None = None,
    restart: bool = False,
    retry: bool = False,
    progress: Callable[[Progress], None] | None = None,
    closing: Sequence[Closes] = (),
) -> BuildReport:
    """Make a data set as :func:`build` does, with stages that work wherever they are.

    Args:
        stages: :class:`Stages` in this process, or ``RayStages`` on a cluster. Which of them is not a setting of the
            run: one may go on where the other was.
        source: as for :func:`build`, like all that follow.
        out: the folder that ``stages`` name pictures for, too.
        dedupe: makes what finds near-duplicates.
        concurrency: items under way at once.
        limit: only the first so many items.
        settings: what else decides about the records.
        restart: throw away what an earlier run left.
        retry: do items again whose backend did not reply.
        progress: called after each item.
        closing: closed at the end, inside the loop that the stages ran in.

    Returns:
        The numbers of the run, also where it was stopped early.

    Raises:
        TwistScoutError: as :func:`build`.
    """
    started = time.monotonic()
    name = getattr(source, "name", type(source).__name__)
    everything = {"source": name, **stages.settings(), **(settings or {})}
    _check_out(Path(out), restart)
    with Ledger(out, everything, restart=restart) as ledger:
        if restart:
            for file in (RECORDS, REJECTS, REPORT):
                (ledger.out / file).unlink(missing_ok=True)
        earlier = load_report(ledger.out / REPORT)
        run = Run(ledger, source, limit, retry, progress)
        stop = Stop()
        _in_a_loop(run.until_done(stages, concurrency, stop, closing))
        if stop.hurry:  # who presses Ctrl-C twice wants no more files either
            return run.summary().model_copy(update={"complete": False, "stopped": stop.reason, "written": False})
        report = write_files(ledger, dedupe, limit=limit).model_copy(
            update={
                "complete": stop.reason is None,
                "stopped": stop.reason,
                "done_before": run.done_before,
                "seconds": round(time.monotonic() - started, 3),
                "source": {"name": name, "tally": _jsonable(getattr(source, "tally", None))},
                "engine": stages.facts() | {"concurrency": concurrency},
                "settings": everything,
                "versions": stages.versions(),
                "damaged": ledger.damaged,
            }
        )
        report = report.timed_with(earlier)
        write_report(ledger, report)
    return report


def _in_a_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; inside a notebook, which has a loop of its own already, in a thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


def _check_out(out: Path, restart: bool) -> None:
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out} is a file: give a folder to write to.")
    journal = out / FOLDER / "journal.jsonl"
    taken = [name for name in (RECORDS, REJECTS, REPORT) if (out / name).exists()]
    if taken and not restart and not journal.exists():
        raise BadConfig(
            f"{out} holds {taken[0]} and no journal of a run that made it: give another folder, or overwrite it with "
            "restart."
        )


def _jsonable(value: Any) -> Any:
    return None if value is None else json.loads(TypeAdapter(Any).dump_json(value))
