"""Building from a config alone, and one clear sentence where there is none to build from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from transformers import BertConfig, LlamaConfig

from twist_scout.errors import BadConfig, BadModel
from twist_scout.twist import meta_model
from twist_scout.twist.meta_model import build_meta_model

SOURCE = Path(meta_model.__file__).parents[2]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_tensor_is_as_the_real_models_and_none_has_memory(family, tmp_path: Path, dtype: str) -> None:
    real = family.build().to(getattr(torch, dtype))
    real.config.save_pretrained(tmp_path)
    built = build_meta_model(tmp_path, dtype=dtype).model
    assert type(built) is type(real)
    tensors = {**dict(built.named_parameters()), **dict(built.named_buffers())}
    theirs = {**dict(real.named_parameters()), **dict(real.named_buffers())}
    assert {name: t.shape for name, t in tensors.items()} == {name: t.shape for name, t in theirs.items()}
    assert all(tensor.is_meta for tensor in tensors.values())
    parameters = dict(real.named_parameters())
    assert all(tensor.dtype == parameters[name].dtype for name, tensor in built.named_parameters())


def test_a_folder_its_config_and_a_renamed_config_are_one_model(llama_family, tmp_path: Path) -> None:
    config = llama_family.build().config
    config.save_pretrained(tmp_path)
    (tmp_path / "mine.json").write_text((tmp_path / "config.json").read_text())
    sizes = {
        sum(p.numel() for p in build_meta_model(source).model.parameters())
        for source in (tmp_path, str(tmp_path), tmp_path / "config.json", str(tmp_path / "mine.json"))
    }
    assert len(sizes) == 1


def test_the_precision_is_the_configs_unless_another_is_wanted(tmp_path: Path) -> None:
    LlamaConfig(hidden_size=32, num_attention_heads=2, num_hidden_layers=1, dtype="bfloat16").save_pretrained(tmp_path)
    as_saved = build_meta_model(tmp_path)
    assert (as_saved.dtype, as_saved.model.dtype, as_saved.notes) == (torch.bfloat16, torch.bfloat16, ())
    assert build_meta_model(tmp_path, dtype="float16").model.dtype == torch.float16
    with pytest.raises(BadConfig, match="dtype must be one of"):
        build_meta_model(tmp_path, dtype="int4")
    content = json.loads((tmp_path / "config.json").read_text())
    for key in ("dtype", "torch_dtype"):
        content.pop(key, None)
    (tmp_path / "config.json").write_text(json.dumps(content))
    unsaid = build_meta_model(tmp_path)
    assert unsaid.model.dtype == torch.float32
    assert "float32 is assumed" in unsaid.notes[0]


def test_a_quantised_checkpoint_is_said_to_be_one(tmp_path: Path) -> None:
    LlamaConfig(hidden_size=32, num_attention_heads=2, num_hidden_layers=1).save_pretrained(tmp_path)
    content = json.loads((tmp_path / "config.json").read_text())
    content["quantization_config"] = {"quant_method": "bitsandbytes", "load_in_4bit": True}
    (tmp_path / "config.json").write_text(json.dumps(content))
    notes = build_meta_model(tmp_path, dtype="bfloat16").notes
    assert "bitsandbytes" in notes[0]
    assert "expert_rank" in notes[0]


def test_what_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    empty, adapter, bert, wrong = (tmp_path / name for name in ("empty", "adapter", "bert", "wrong"))
    for folder in (empty, adapter, bert, wrong):
        folder.mkdir()
    (adapter / "adapter_config.json").write_text("{}")
    BertConfig().save_pretrained(bert)
    (bert / "config.json").write_text((bert / "config.json").read_text().replace('"bert"', '"vit"'))
    LlamaConfig(hidden_size=32, num_attention_heads=2).save_pretrained(wrong)
    text = (wrong / "config.json").read_text()
    (wrong / "config.json").write_text(text.replace('"hidden_act": "silu"', '"hidden_act": "nonsense"'))
    files = {
        "broken.json": ('{"model_type": ', "cannot be read as JSON"),
        "list.json": ("[]", "model_type"),
        "none.json": ("{}", "model_type"),
        "foreign.json": ('{"model_type": "warp-drive"}', "warp-drive"),
        "weights.safetensors": ("", "not a config"),
    }
    cases = {
        str(empty): "no config.json",
        str(adapter): "holds an adapter",
        str(bert): "neither a vision-language nor a language model",
        str(wrong): "nonsense",
        str(tmp_path / "nowhere"): "does not exist",
        "./owner/name": "does not exist",
        "justaname": "does not exist",
    }
    for name, (content, words) in files.items():
        (tmp_path / name).write_text(content)
        cases[str(tmp_path / name)] = words
    for source, words in cases.items():
        with pytest.raises(BadModel, match=words) as caught:
            build_meta_model(source)
        assert "\n" not in str(caught.value)
        assert source.removeprefix("./") in str(caught.value)


def test_a_hub_that_is_switched_off_is_out_of_reach() -> None:
    with pytest.raises(BadModel, match=r"owner/some-model .*hub is out of reach.*a model folder or a config\.json"):
        build_meta_model("owner/some-model")


class Hub(BaseHTTPRequestHandler):
    """Answers as the hub does where there is nothing to give."""

    ANSWERS: ClassVar = {"gated": (403, "GatedRepo"), "bare": (404, "EntryNotFound")}

    def do_HEAD(self) -> None:
        if "silent" in self.path:
            self.connection.close()
            return
        answers = [answer for name, answer in self.ANSWERS.items() if name in self.path]
        status, code = answers[0] if answers else (404, "RepoNotFound")
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_the_hub_answers_is_passed_on(hub: str, tmp_path: Path) -> None:
    code = (
        "from twist_scout.cli import main;"
        "print([main(['plan', f'owner/{name}']) for name in ('missing', 'gated', 'bare', 'silent')])"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path)}
    environment.pop("HF_HUB_OFFLINE", None)
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, timeout=300
    )
    assert result.stdout.strip() == "[2, 2, 2, 2]"
    missing, gated, bare, silent = result.stderr.strip().splitlines()
    assert "The hub has no model owner/missing" in missing
    assert "owner/gated behind its terms of use" in gated
    assert "The config of owner/bare cannot be used" in bare
    assert "owner/silent is not a folder here, and the hub is out of reach" in silent
