"""The plugin inside the real lmms-eval, offline: found by its entry point, run by its command line on local tasks.

Skipped where lmms-eval is not installed. Its tasks' own functions (POPE's here) are used as they are; only the rows and the
pictures are local.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from twist_scout.errors import BadConfig, BadInput

from ...conftest import ADAPTER_ANSWER, BASE_ANSWER

ROOT = Path(__file__).parents[3]
GROUP = "lmms_eval.models"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("lmms_eval") is None, reason="needs lmms-eval"),
]

FUNCTIONS = """
from PIL import Image
from lmms_eval.tasks.pope.utils import pope_process_results, pope_aggregate_accuracy, pope_aggregate_f1_score


def visual(doc):
    return [Image.open(doc["image"]).convert("RGB")]


def text(doc, lmms_eval_specific_kwargs=None):
    return doc["question"]


def exact(doc, results):
    return {"exact": float(results[0] == doc["answer"])}
"""

TASK = """
task: {name}
dataset_path: json
dataset_kwargs:
  data_files:
    test: {rows}
test_split: test
output_type: generate_until
doc_to_visual: !function functions.visual
doc_to_text: !function functions.text
doc_to_target: answer
{rest}
metadata:
  - version: 1.0
"""

GENERATE = """
generation_kwargs:
  max_new_tokens: 96
  temperature: 0
  do_sample: false
"""

EXACT = (
    GENERATE
    + """
process_results: !function functions.exact
metric_list:
  - metric: exact
    aggregation: mean
    higher_is_better: true
"""
)

POPE = (
    GENERATE
    + """
process_results: !function functions.pope_process_results
metric_list:
  - metric: pope_accuracy
    aggregation: !function functions.pope_aggregate_accuracy
    higher_is_better: true
  - metric: pope_f1_score
    aggregation: !function functions.pope_aggregate_f1_score
    higher_is_better: true
"""
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Local tasks, and the package's entry points as an installed package has them."""
    place = tmp_path_factory.mktemp("lmms")
    Image.new("RGB", (40, 20), "red").save(place / "red.png")
    image = str(place / "red.png")
    rows: dict[str, list[dict[str, Any]]] = {
        "routed": [
            {"image": image, "question": "What is it?", "answer": BASE_ANSWER},
            {"image": image, "question": "Give the bounding box of the red car.", "answer": ADAPTER_ANSWER},
            {"image": image, "question": "Who is that?", "answer": BASE_ANSWER},
        ],
        "pope_here": [
            {"question_id": str(n), "image": image, "question": "Is there a car?", "answer": answer}
            for n, answer in enumerate(["yes", "no"])
        ],
    }
    forms = {"routed": EXACT, "pope_here": POPE}
    tasks = place / "tasks"
    tasks.mkdir()
    (tasks / "functions.py").write_text(FUNCTIONS)
    for name, lines in rows.items():
        file = place / f"{name}.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        (tasks / f"{name}.yaml").write_text(TASK.format(name=name, rows=file, rest=forms[name]))
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]
    metadata = place / "installed" / "as_installed-0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: as-installed\nVersion: 0\n")
    lines_of_points = [f"{name} = {value}" for name, value in points.items()]
    (metadata / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines_of_points]) + "\n")
    return place


def run(place: Path, model_args: str, *tasks: str) -> subprocess.CompletedProcess[str]:
    paths = [str(ROOT / "src"), str(place / "installed"), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "HF_HOME": str(place / "hf")}
    options = ["--include_path", str(place / "tasks"), "--batch_size", "2", "--device", "cpu", "--log_samples"]
    out = ["--output_path", str(place / "out")]
    command = [sys.executable, "-m", "lmms_eval", "--model", "twist_scout", "--model_args", model_args]
    return subprocess.run(
        [*command, "--tasks", ",".join(tasks), *options, *out],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=place,
    )


def newest(place: Path) -> dict[str, Any]:
    files = sorted((place / "out").rglob("*results.json"), key=lambda path: path.stat().st_mtime)
    found: dict[str, Any] = json.loads(files[-1].read_text())["results"]
    return found


def test_a_suite_runs_with_each_request_on_its_expert(place: Path, tiny_base: Path, tiny_adapter: Path) -> None:
    done = run(place, f"base={tiny_base},adapter={tiny_adapter},mode=auto", "routed", "pope_here")
    assert done.returncode == 0, done.stderr[-3000:]
    # lmms-eval leaves with status 0 after an error as well; then there are no results.
    assert (place / "out").is_dir(), done.stdout[-3000:] + done.stderr[-3000:]
    found = newest(place)
    assert found["routed"]["exact,none"] == 1.0
    assert found["pope_here"]["pope_accuracy,none"] == 0.0  # the tiny model says neither yes nor no
    assert "'grounding': 1" in done.stderr + done.stdout


def made(arguments: str) -> Any:
    """The model as lmms-eval makes it."""
    from lmms_eval.models import get_model

    from twist_scout.integrations.lmms_eval import manifest

    path = manifest().simple_class_path
    module, _, name = path.rpartition(".")
    assert get_model("dummy") is not None  # lmms-eval's own registry is up
    found = getattr(importlib.import_module(module), name)
    return found.create_from_arg_string(arguments, {"batch_size": 2, "max_batch_size": None, "device": "cpu"})


def asked(visuals: int, question: str = "Where is the car?") -> tuple[Any, dict[str, Any]]:
    """A request as lmms-eval builds it, and the rows that it is about."""
    from lmms_eval.api.instance import Instance

    doc = {"shown": [Image.new("RGB", (40, 20), "red")] * visuals}
    arguments = (question, {"max_new_tokens": 96}, lambda doc: doc["shown"], 0, "here", "test")
    metadata = {"task": "here", "doc_id": 0, "repeats": 1}
    return Instance("generate_until", arguments, 0, metadata), {"here": {"test": [doc]}}


@pytest.mark.parametrize(("mode", "answer"), [("understanding", BASE_ANSWER), ("grounding", ADAPTER_ANSWER)])
def test_a_mode_holds_for_all_requests(tiny_base: Path, tiny_adapter: Path, mode: str, answer: str) -> None:
    model = made(f"pretrained={tiny_base},adapter={tiny_adapter},mode={mode}")
    request, model.task_dict = asked(1, "<image>\nWhat is it?")
    assert model.generate_until([request, request]) == [answer, answer]
    assert (model.rank, model.world_size, str(model.device), model.batch_size) == (0, 1, "cpu", 2)
    model.clean()
    with pytest.raises(BadInput, match="cleaned away"):
        model.generate_until([request])


def test_the_likelier_choice_has_the_smaller_loss(tiny_base: Path, tiny_adapter: Path) -> None:
    """Called as lmms-eval calls it. Its evaluator (0.7.3) makes text of what any model returns here and then cannot use it,
    so the way through its command line ends there for every model.
    """
    model = made(f"base={tiny_base},adapter={tiny_adapter}")
    request, model.task_dict = asked(1, "What is it?")
    context, _, *rest = request.args
    losses = []
    for target in ("a blue cat", BASE_ANSWER, lambda doc: BASE_ANSWER):
        request.arguments = (context, target, *rest)
        losses += model.loglikelihood([request])
    assert [greedy for _, greedy in losses] == [False, True, True]
    assert losses[0][0] > losses[1][0] == losses[2][0] >= 0
    request.arguments = ("", "a blue cat")
    with pytest.raises(BadInput, match="without their question"):
        model.loglikelihood([request])


def test_mistakes_are_said_in_one_sentence(tiny_base: Path) -> None:
    for arguments, words in (("mode=both", "no mode 'both'"), ("x=1", "knows no x"), ("dtype=int3", "no dtype 'int3'")):
        with pytest.raises(BadConfig, match=words):
            made(f"base={tiny_base},{arguments}")
    model = made(f"base={tiny_base}")
    request, model.task_dict = asked(2)
    with pytest.raises(BadInput, match="shows 2 pictures at once"):
        model.generate_until([request])
    with pytest.raises(BadInput, match="one round"):
        model.generate_until_multi_round([request])
