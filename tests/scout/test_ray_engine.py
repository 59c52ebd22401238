from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from twist_scout.cli import main
from twist_scout.errors import BadConfig, BadModel
from twist_scout.scout.backends import BackendDown, BackendOptions
from twist_scout.scout.build_report import BuildReport
from twist_scout.scout.checks import DuplicateGuard
from twist_scout.scout.pipeline import Progress, build_with
from twist_scout.scout.ray_crew import Growth
from twist_scout.scout.ray_engine import RayOptions, RayStages
from twist_scout.scout.sources import open_source
from twist_scout.scout.stages_spec import StagesFactory, StagesSpec
from twist_scout.toyworld.scene import render, sample_scene
from twist_scout.toyworld.truth import truth_record

from . import ray_stages
from .ray_stages import SlowRules
from .serving import Answer, failed, last_text, said, serve

# Ray reads these when it is imported: addresses of this machine alone, and no reports to anybody.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

SCENES = 60
PATIENCE = 300  # seconds, on a machine that has other things to do
STEPS = "Step 1: Find the dog [[10,20,50,60]]. Step 2: So the answer is a dog."


def test_without_ray_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BadConfig, match=r"pip install 'twist-scout\[ray\]'"):
        RayStages(StagesSpec(tmp_path))


ray = pytest.importorskip("ray")
slow = pytest.mark.slow


def test_a_driver_far_away_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="keeps its ledger here"):
        RayStages(StagesSpec(tmp_path), RayOptions(address="ray://head:10001"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workers", "2"], "--workers is about Ray: add --engine ray"),
        (["--gpus-per-worker", "0"], "--gpus-per-worker is about Ray"),
        (["--engine", "ray", "--workers", "3", "--max-workers", "2"], "--max-workers 2 is less than --workers 3"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    assert main(["scout", "build", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- on a cluster of two machines, each of them a raylet with processes of its own ---


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    ray.cloudpickle.register_pickle_by_value(ray_stages)
    size = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    made = Cluster(initialize_head=True, head_node_args={**size, "include_dashboard": False})
    try:
        made.add_node(**size)
        yield made
    finally:
        ray.shutdown()
        made.shutdown()
        ray.cloudpickle.unregister_pickle_by_value(ray_stages)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ray") / "scenes"
    folder.mkdir()
    with (folder / "truth.jsonl").open("w") as file:
        for seed in range(SCENES):
            scene = sample_scene(seed, split="train")
            rendered = render(scene, 64)
            rendered.image.save(folder / f"{seed}.png")
            file.write(json.dumps(truth_record(scene, rendered, f"{seed}.png")) + "\n")
    return folder


@pytest.fixture(scope="module")
def whole(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the local engine makes."""
    out = tmp_path_factory.mktemp("local")
    locally(StagesSpec(out), scenes, out)
    return out


def locally(factory: StagesFactory, scenes: Path, out: Path, **more: Any) -> BuildReport:
    made = factory.make()
    return build_with(
        made.stages, open_source(scenes), out, dedupe=lambda: DuplicateGuard(0.8), closing=made.backends, **more
    )


def on_ray(factory: StagesFactory, cluster: Any, scenes: Path, out: Path, **more: Any) -> BuildReport:
    """A run; ``watch`` is called with the stages and their progress after each item."""
    watch = more.pop("watch", lambda stages, progress: None)
    source = more.pop("source", None) or open_source(scenes)
    known = {name: more.pop(name) for name in ("token_budget", "growth", "note") if name in more}
    chosen = RayOptions(cluster.address, **{"workers": 2, "concurrency": 4, **more.pop("options", {})})
    with RayStages(factory, chosen, **known) as stages:
        return build_with(
            stages,
            source,
            out,
            dedupe=lambda: DuplicateGuard(0.8),
            concurrency=stages.capacity,
            progress=lambda progress: watch(stages, progress),
            closing=[stages],
            **more,
        )


def files(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in ("train.jsonl", "rejects.jsonl")]


def assert_same(out: Path, whole: Path) -> None:
    """The same files, and each item once in the ledger."""
    assert files(out) == files(whole)
    lines = (out / ".scout" / "journal.jsonl").read_bytes().splitlines()
    assert sorted(json.loads(line)["index"] for line in lines[1:]) == list(range(SCENES))


class Once:
    """Does something when a condition holds for the first time."""

    def __init__(self, do: Any) -> None:
        self.do, self.done = do, False

    def __call__(self, stages: RayStages, progress: Progress) -> None:
        if not self.done and progress.done >= 12:
            self.done = bool(self.do(stages))


@slow
def test_the_files_are_those_of_the_local_engine(
    cluster: Any, scenes: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scenes.parent)  # the pictures' paths are relative to it, and Ray's processes began elsewhere
    nodes: set[str] = set()
    report = on_ray(
        SlowRules(tmp_path),
        cluster,
        Path("scenes"),
        tmp_path,
        watch=lambda stages, progress: nodes.update(card.node for card in stages.workers),
    )
    assert report.complete
    assert_same(tmp_path, whole)
    assert nodes == {node["NodeID"] for node in cluster_nodes(cluster)}
    assert (report.engine["name"], report.engine["workers"], report.engine["workers_died"]) == ("ray", 2, 0)
    assert report.engine["worker_seconds"] > 0
    assert report.versions["ray"] == ray.__version__
    assert report.versions["twist-scout"]


def cluster_nodes(cluster: Any) -> list[dict[str, str]]:
    return [{"NodeID": node.node_id} for node in cluster.list_all_nodes()]


@slow
def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    cluster: Any, scenes: Path, whole: Path, tmp_path: Path
) -> None:
    notes: list[str] = []

    def kill(stages: RayStages) -> bool:
        if not stages.workers:
            return False
        os.kill(
            stages.workers[0].process, signal.SIGKILL
        )  # without waiting for the second, which may come when all is done
        return True

    report = on_ray(SlowRules(tmp_path), cluster, scenes, tmp_path, watch=Once(kill), note=notes.append)
    assert report.complete
    assert report.engine["workers_died"] == 1
    assert report.engine["items_repeated"] >= 1
    assert "is gone" in notes[0]
    assert_same(tmp_path, whole)


@slow
def test_a_machine_that_dies_loses_and_doubles_nothing(cluster: Any, scenes: Path, whole: Path, tmp_path: Path) -> None:
    node = cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)

    def kill(stages: RayStages) -> bool:
        there = [card.process for card in stages.workers if card.node == node.node_id]
        for process in (node.all_processes["raylet"][0].process.pid, *there) if there else ():
            os.kill(process, signal.SIGKILL)
        return bool(there)

    watch = Once(kill)
    try:
        report = on_ray(SlowRules(tmp_path, pause=0.3), cluster, scenes, tmp_path, watch=watch, options={"workers": 3})
    finally:
        cluster.remove_node(node, allow_graceful=False)
    assert watch.done
    assert report.complete
    assert report.engine["workers_died"] >= 1
    assert_same(tmp_path, whole)


@slow
def test_an_item_that_kills_always_is_found_and_costs_no_other(
    cluster: Any, scenes: Path, whole: Path, tmp_path: Path
) -> None:
    report = on_ray(SlowRules(tmp_path, deadly="21"), cluster, scenes, tmp_path, options={"workers": 1})
    assert report.complete
    assert report.engine["workers_died"] == 5
    assert [(row.check, row.count) for row in report.rejected_by if row.check == "engine"] == [("engine", 1)]
    assert report.to_retry == 1
    lines = (tmp_path / "rejects.jsonl").read_text().splitlines()
    reject = next(row for row in map(json.loads, lines) if row["check"] == "engine")
    assert reject["item"] == "21"
    assert "5 workers died while they worked on it, the last 3 of them on nothing else" in reject["reason"]
    locally(StagesSpec(tmp_path), scenes, tmp_path, retry=True)
    assert files(tmp_path) == files(whole)


@slow
def test_there_are_more_workers_while_items_wait_and_fewer_when_none_do(
    cluster: Any, scenes: Path, whole: Path, tmp_path: Path
) -> None:
    counts: list[int] = []
    report = on_ray(
        SlowRules(tmp_path, pause=0.4, slowest=str(SCENES - 1)),
        cluster,
        scenes,
        tmp_path,
        options={"workers": 1, "max_workers": 2},
        growth=Growth(period=0.1, patience=0.3, idle=0.5),
        watch=lambda stages, progress: counts.append(len(stages.workers)),
    )
    assert counts[0] == 1
    assert max(counts) == report.engine["workers"] == 2
    assert counts[-1] == 1
    assert_same(tmp_path, whole)


# --- endpoints ---


@slow
def test_limits_of_an_endpoint_hold_for_all_workers_and_keys_stay_in_memory(
    cluster: Any, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    killed: list[int] = []

    def kill(stages: RayStages) -> bool:
        killed.append(stages.endpoints[0].process)
        os.kill(killed[0], signal.SIGKILL)
        return True

    def looks(number: int, body: dict[str, Any]) -> Answer:
        asked = last_text(body)
        words = STEPS if "Is there" not in asked else "Yes." if re.search(r"Is there an? [a-d]", asked) else "No."
        return Answer(said(words).body, delay=0.02)

    with serve(looks) as server:
        options = BackendOptions(key_variable="MY_KEY", concurrency=3)

        def spec(out: Path) -> StagesSpec:
            return StagesSpec(out, mllm=f"openai:m@{server.url}", sees=options, positives=2, ask_absence=True)

        locally(spec(tmp_path / "local"), scenes, tmp_path / "local", limit=30)
        server.most_at_once = 0
        report = on_ray(spec(tmp_path / "ray"), cluster, scenes, tmp_path / "ray", limit=30, watch=Once(kill))
        assert 1 < server.most_at_once <= 3
        assert report.stages["answers"].requests > 30
        for stage in ("answers", "absence"):
            assert report.stages[stage].completion_tokens == 3 * report.stages[stage].requests > 0
        assert "asked_absence" in {row.check for row in report.rejected_by}
    assert killed
    assert {headers["authorization"] for headers in server.headers} == {"Bearer sk-very-secret"}
    left = b"".join(path.read_bytes() for path in (tmp_path / "ray").rglob("*") if path.is_file())
    assert b"very-secret" not in left
    assert files(tmp_path / "ray") == files(tmp_path / "local")


@slow
def test_a_budget_holds_for_all_workers_and_the_local_engine_goes_on(
    cluster: Any, scenes: Path, tmp_path: Path
) -> None:
    with serve(lambda number, body: said(STEPS)) as server:
        spec = StagesSpec(tmp_path, mllm=f"openai:m@{server.url}", positives=2)
        report = on_ray(spec, cluster, scenes, tmp_path, token_budget=200)
        assert not report.complete
        assert "budget of 200 tokens is spent" in str(report.stopped)
        used = report.stages["answers"].prompt_tokens + report.stages["answers"].completion_tokens
        assert 200 <= used <= 200 + 2 * 4 * 2 * 10  # workers, items of each, questions of each, tokens of each
        assert locally(spec, scenes, tmp_path).done_before == report.items
        locally(spec, scenes, tmp_path / "whole")
    assert_same(tmp_path, tmp_path / "whole")


@slow
def test_what_ends_a_run_is_said_as_the_local_engine_says_it(cluster: Any, scenes: Path, tmp_path: Path) -> None:
    with serve(lambda number, body: failed(401, "bad key")) as server:
        spec = StagesSpec(tmp_path / "down", mllm=f"openai:m@{server.url}")
        with pytest.raises(BackendDown) as far:
            on_ray(spec, cluster, scenes, tmp_path / "down")
        with pytest.raises(BackendDown) as near:
            locally(spec, scenes, tmp_path / "near")
    assert str(far.value) == str(near.value)
    spec = StagesSpec(tmp_path / "model", mllm=f"hf:{tmp_path / 'nowhere'}")
    with pytest.raises(BadModel) as far_model:
        on_ray(spec, cluster, scenes, tmp_path / "model")
    with pytest.raises(BadModel) as near_model:
        spec.make()
    assert str(far_model.value) == str(near_model.value)


# --- the command ---


def start(scenes: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "twist_scout", "scout", "build", str(scenes), "--out", str(out), *more]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "COLUMNS": "200"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_lines(journal: Path, count: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and (not journal.exists() or journal.read_bytes().count(b"\n") <= count):
        time.sleep(0.01)


@slow
def test_a_driver_that_is_killed_or_interrupted_goes_on(cluster: Any, scenes: Path, tmp_path: Path) -> None:
    ray.shutdown()
    journal = tmp_path / "out" / ".scout" / "journal.jsonl"
    with serve(lambda n, body: Answer(said(STEPS).body, delay=0.1)) as server:
        command = ["--mllm", f"openai:m@{server.url}", "--concurrency", "2", "--limit", "40"]
        ray_too = ["--engine", "ray", "--ray-address", cluster.address, "--workers", "2", "--json"]
        for number, lines in ((signal.SIGKILL, 6), (signal.SIGINT, 16)):
            process = start(scenes, tmp_path / "out", *command, *ray_too)
            wait_for_lines(journal, lines)
            process.send_signal(number)
            output, error = process.communicate(timeout=PATIENCE)
            assert process.returncode == (-9 if number is signal.SIGKILL else 130), error
        assert "Finishing" in error
        assert json.loads(output)["stopped"] == "interrupted"
        process = start(scenes, tmp_path / "out", *command, *ray_too)
        output, error = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, error
        report = json.loads(output)  # and nothing else is on stdout
        assert main(["scout", "build", str(scenes), "--out", str(tmp_path / "local"), *command]) == 0
    assert report["done_before"] >= 16
    assert report["items"] == 40
    assert files(tmp_path / "out") == files(tmp_path / "local")


@slow
def test_without_a_cluster_it_starts_one_here_and_takes_it_down(
    scenes: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    process = start(scenes, tmp_path / "out", "--engine", "ray", "--workers", "1")
    wait_for_lines(tmp_path / "out" / ".scout" / "journal.jsonl", 3)
    # Two agents of Ray, which are not among these, stay for up to a minute to report the death of theirs to nobody.
    names = ("gcs_server ", "raylet/raylet ", "ray::StageProcess", "log_monitor.py")
    descendants = {
        number: name for number, command in children(process.pid).items() for name in names if name in command
    }
    assert set(descendants.values()) == set(names)
    process.kill()
    process.communicate(timeout=PATIENCE)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and any(map(alive, descendants)):
        time.sleep(0.1)
    assert not any(map(alive, descendants))
    process = start(scenes, tmp_path / "out", "--engine", "ray", "--workers", "1")
    output, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, error
    assert f"{SCENES} pictures" in output
    assert_same(tmp_path / "out", whole)


def children(root: int) -> dict[int, str]:
    """Descendants of a process, with their commands."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    found: dict[int, str] = {}
    new = {root}
    while new:
        new = {process for process, parent in parents.items() if parent in new}
        found |= {process: commands.get(process, "") for process in new}
    return found


def alive(process: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
