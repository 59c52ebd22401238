"""OpenAI's own client against a real server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest
from PIL import Image

from twist_scout.grounder import Grounder
from twist_scout.serving.limits import Limits
from twist_scout.serving.model import RowModel

from ..conftest import ADAPTER_ANSWER, BASE_ANSWER
from .running import Running, ask, message, png, running


@pytest.fixture(scope="module")
def server(tiny: RowModel) -> Iterator[Running]:
    with running(tiny) as found:
        yield found


def complete(server: Running, body: dict[str, Any], **options: Any) -> Any:
    own = {"mode": body.pop("mode")} if "mode" in body else None
    return server.client(**options).chat.completions.create(**body, extra_body=own)


def test_a_grounding_request_gets_boxes_in_pixels_beside_its_message(server: Running) -> None:
    reply = complete(server, ask("Where is the red car? Give its box.", png(size=(200, 100))))
    assert reply.object == "chat.completion"
    assert reply.model == "tiny"
    (choice,) = reply.choices
    assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", ADAPTER_ANSWER, "stop")
    told = choice.grounding
    assert (told["mode"], told["adapter"], told["width"], told["height"]) == ("grounding", "default", 200, 100)
    assert 0.5 < told["probability"] <= 1
    (phrase,) = told["phrases"]
    assert (phrase["text"], phrase["boxes"]) == ("the red car", [[20.0, 20.0, 100.0, 80.0]])
    assert choice.message.content[phrase["start"] : phrase["end"]] == "the red car"
    assert [step["number"] for step in told["steps"]] == [1, 2]
    assert (told["answer"], told["rejected"], told["unread"]) == ("red", False, [])
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 20


def test_an_understanding_request_gets_the_base(server: Running) -> None:
    (choice,) = complete(server, ask("What color is the car?", png())).choices
    assert choice.message.content == BASE_ANSWER
    assert (choice.grounding["mode"], choice.grounding["adapter"]) == ("understanding", None)
    assert choice.grounding["phrases"] == []


def test_an_explicit_mode_wins_in_the_field_and_in_the_name(server: Running) -> None:
    for prompt in ("What color is the car?", "Where is the red car? Give its box."):
        for mode, said in (("grounding", ADAPTER_ANSWER), ("understanding", BASE_ANSWER)):
            by_field = complete(server, ask(prompt, png(), mode=mode))
            by_name = complete(server, {**ask(prompt, png()), "model": f"tiny:{mode}"})
            for reply in (by_field, by_name):
                assert reply.choices[0].message.content == said
                assert (reply.choices[0].grounding["mode"], reply.choices[0].grounding["probability"]) == (mode, None)
    both = complete(server, {**ask("x", png(), mode="grounding"), "model": "tiny:grounding"})
    assert both.choices[0].grounding["mode"] == "grounding"
    auto = complete(server, {**ask("What color is the car?", png(), mode="auto"), "model": "tiny:auto"})
    assert auto.choices[0].grounding["mode"] == "understanding"


def test_without_a_picture_there_are_no_boxes(server: Running) -> None:
    (choice,) = complete(server, ask("Where is it?", mode="grounding")).choices
    assert choice.message.content == ADAPTER_ANSWER
    assert (choice.grounding["width"], choice.grounding["phrases"]) == (None, [])
    assert [step["phrases"] for step in choice.grounding["steps"]] == [[], []]


def test_a_stream_grows_token_by_token_to_the_same_answer(server: Running) -> None:
    body = ask("Where is the red car? Give its box.", png(size=(200, 100)))
    whole = complete(server, dict(body)).choices[0]
    chunks = list(complete(server, {**body, "stream": True, "stream_options": {"include_usage": True}}))
    first, *middle, last, counts = chunks
    assert first.choices[0].delta.role == "assistant"
    pieces = [chunk.choices[0].delta.content for chunk in middle]
    assert len(pieces) > 15
    assert "".join(pieces) == whole.message.content
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].grounding == whole.grounding
    assert all(chunk.choices[0].finish_reason is None for chunk in (first, *middle))
    assert (counts.choices, counts.usage.completion_tokens > 15) == ([], True)
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)


def test_conversations_have_systems_and_several_turns(server: Running) -> None:
    turns = [
        {"role": "system", "content": "Be brief."},
        message("Where is the red car? Give its box.", png()),
        {"role": "assistant", "content": ADAPTER_ANSWER},
        message("What color is it?"),
    ]
    reply = complete(server, {"model": "tiny", "messages": turns})
    assert reply.choices[0].grounding["mode"] == "understanding", "the last turn decides"
    assert reply.choices[0].message.content == BASE_ANSWER


def test_stops_limits_and_seeds(server: Running) -> None:
    def said(**options: Any) -> Any:
        return complete(server, ask("x", png(), mode="grounding", **options)).choices[0]

    assert (said(max_tokens=6).message.content, said(max_tokens=6).finish_reason) == ("Step 1: Find the", "length")
    assert said(max_completion_tokens=6).message.content == "Step 1: Find the"
    assert (said(stop="car").message.content, said(stop=["car", "red"]).message.content) == (
        "Step 1: Find the red",
        "Step 1: Find the",
    )
    hot = [said(temperature=2.0, seed=seed, max_tokens=20).message.content for seed in (1, 1, 2)]
    assert hot[0] == hot[1] != hot[2]
    assert said(temperature=1e-300).message.content == ADAPTER_ANSWER
    assert said(temperature=2.0, top_p=1e-6).message.content == ADAPTER_ANSWER


def test_the_models_are_listed_and_told(server: Running) -> None:
    client = server.client()
    assert [model.id for model in client.models.list()] == ["tiny", "tiny:understanding", "tiny:grounding"]
    assert client.models.retrieve("tiny:grounding").id == "tiny:grounding"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("other")


def test_refusals_are_the_clients_own_exceptions(server: Running) -> None:
    cases = [
        ({**ask("x"), "model": "other"}, openai.NotFoundError, "it has tiny, tiny:understanding, tiny:grounding"),
        ({**ask("x"), "model": "tiny:ocr"}, openai.NotFoundError, "tiny:ocr"),
        (ask("x", mode="ocr"), openai.BadRequestError, "auto, understanding, grounding"),
        ({**ask("x", mode="grounding"), "model": "tiny:understanding"}, openai.BadRequestError, "leave one out"),
        (ask("x", n=2), openai.BadRequestError, "'n'"),
        (ask("x", tools=[{"type": "function", "function": {"name": "f"}}]), openai.BadRequestError, "'tools'"),
        (ask(" "), openai.BadRequestError, "empty"),
        (ask("x", "http://example.com/a.png"), openai.BadRequestError, "not fetched"),
        (ask("x", "data:image/png;base64,AAAA"), openai.BadRequestError, "none of"),
        (ask("x", max_tokens=5000), openai.BadRequestError, "4,096"),
        (ask("x" * 3000), openai.BadRequestError, "3,0.. tokens"),
        (ask("x" * 40_000), openai.BadRequestError, "40,000 characters"),
        (ask("x" * 500, png()), openai.BadRequestError, "room for 51"),
        (ask("<image>?", png()), openai.BadRequestError, "reads as a picture"),
    ]
    for body, kind, words in cases:
        for stream in (False, True):
            with pytest.raises(kind, match=words):
                complete(server, {**body, "stream": stream})


def test_none_of_many_requests_at_once_gets_the_answer_of_another(babbler: RowModel) -> None:
    """Each has a picture and a prompt of its own; the random model says something else to each, alone as in any batch."""
    count, tokens = 48, 20
    plain = Grounder(babbler.model, babbler.processor)
    asked = []
    for number in range(count):
        color = (5 * number % 256, 97 * number % 256, 31 * number % 256)
        size, text = (20 + number, 60 - number // 2), f"{number}" * (1 + number % 5)
        asked.append((color, size, text, ("understanding", "grounding")[number % 2]))
    alone = [
        plain.ground(Image.new("RGB", size, color), text, mode, max_new_tokens=tokens).text  # type: ignore[call-overload]
        for color, size, text, mode in asked
    ]
    assert len(set(alone)) > count // 2
    with running(babbler, Limits(batch=8)) as server, ThreadPoolExecutor(count) as pool:

        def one(number: int) -> str:
            color, size, text, mode = asked[number]
            body = ask(text, png(color, size), mode=mode, max_tokens=tokens, stream=number % 3 == 0)
            reply = complete(server, body)
            if number % 3:
                assert (reply.choices[0].grounding["width"], reply.choices[0].grounding["height"]) == size
                return str(reply.choices[0].message.content)
            return "".join(chunk.choices[0].delta.content or "" for chunk in reply if chunk.choices)

        together = list(pool.map(one, range(count)))
        assert together == alone
        assert server.metric("twist_scout_requests_total") == count
        assert server.metric("twist_scout_batches_total") < count / 2
        assert server.service.intake.accepted == 0
