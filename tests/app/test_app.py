"""The page's server, asked as its script asks, and as others might."""

from __future__ import annotations

import base64
import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from twist_scout.app.choices import Choice
from twist_scout.errors import BadInput
from twist_scout.serving.limits import Limits

from ..conftest import ADAPTER_ANSWER, BASE_ANSWER
from ..serving.running import data_url, message, png
from .running import KEY, Page, pair, served

PLACES = {"model": 0, "mode": "grounding", "text": ADAPTER_ANSWER}


def ask(text: str = "Where is the red car?", **options: Any) -> dict[str, Any]:
    return {"messages": [message(text, png())], **options}


class TestAnswers:
    def test_a_stream_is_the_answer_of_the_mode(self, page: Page) -> None:
        for mode, answer in (("grounding", ADAPTER_ANSWER), ("understanding", BASE_ANSWER)):
            events = page.events(ask(mode=mode))
            said = "".join(event["choices"][0]["delta"].get("content", "") for event in events)
            grounding = events[-1]["choices"][0]["grounding"]
            assert (said, grounding["mode"]) == (answer, mode)
            assert len(events) > 3  # it came in pieces
            assert (grounding["width"], grounding["height"]) == (60, 40)

    def test_the_route_is_what_the_answer_says(self, page: Page) -> None:
        for prompt in ("Where is the red car? Give its box.", "Write a poem about it."):
            told = page.send("/api/route", {"prompt": prompt}).json
            grounding = page.events(ask(prompt, mode="auto"))[-1]["choices"][0]["grounding"]
            assert (told["mode"], told["probability"]) == (grounding["mode"], pytest.approx(grounding["probability"]))

    def test_a_model_without_an_adapter_is_loaded_when_it_is_asked(self, tiny_base: Path, tiny_adapter: Path) -> None:
        with served(pair(tiny_base, tiny_adapter)) as page:
            assert not page.send("/api/state").json["models"][1]["loaded"]
            events = page.events(ask(mode="understanding"), model=1)
            assert "".join(e["choices"][0]["delta"].get("content", "") for e in events) == BASE_ANSWER
            told = page.send("/api/state").json["models"][1]
            assert (told["loaded"], told["adapter"], told["certificate"]) == (True, False, None)

    def test_words_and_drawing(self, page: Page) -> None:
        page.send("/api/load", {"model": 0})
        told = page.send("/api/show", {**PLACES, "width": 60, "height": 40}).json
        assert told["boxes"] == 1
        assert 'data-boxes="0"' in told["words"]
        assert '<svg viewBox="0 0 60 40"' in told["drawing"]

    def test_the_drawn_picture_differs_where_the_box_is(self, page: Page) -> None:
        page.send("/api/load", {"model": 0})
        reply = page.send("/api/draw", {**PLACES, "picture": png("white", (200, 100))})
        assert reply.headers["content-type"] == "image/png"
        drawn = np.asarray(Image.open(io.BytesIO(reply.body)))
        assert drawn.shape == (100, 200, 3)
        assert (drawn[:, :18] == 255).all()  # left of the box, which begins at 10 % of the width
        assert (drawn[:, 19:22] != 255).any()


class TestCertificate:
    def test_it_comes_with_the_model(self, page: Page) -> None:
        told = page.send("/api/load", {"model": 0}).json["certificate"]
        assert told["passed"]
        assert told["summary"].startswith("forgotten: nothing")
        assert told["tensors"] > 10

    def test_it_can_be_checked_against_the_loaded_weights(self, page: Page) -> None:
        page.send("/api/load", {"model": 0})
        found = page.send("/api/verify", {"model": 0}).json
        assert found["passed"]
        assert found["changed_tensors"] == []

    def test_a_changed_adapter_is_found(self, tiny_base: Path, certified: Path, tmp_path: Path) -> None:
        folder = tmp_path / "adapter"
        shutil.copytree(certified, folder)
        with served([Choice("changed", str(tiny_base), str(folder))]) as page:
            page.send("/api/load", {"model": 0})
            weights = folder / "adapter_model.safetensors"
            content = bytearray(weights.read_bytes())
            content[-1] ^= 1
            weights.write_bytes(content)
            found = page.send("/api/verify", {"model": 0}).json
            assert not found["passed"]
            assert found["changed_files"] == ["adapter_model.safetensors"]

    def test_without_one_the_page_says_so(self, tiny_base: Path, certified: Path, tmp_path: Path) -> None:
        folder = tmp_path / "adapter"
        shutil.copytree(certified, folder)
        (folder / "certificate.json").unlink()
        with served([Choice("bare", str(tiny_base), str(folder))]) as page:
            assert "certify" in page.send("/api/load", {"model": 0}).json["certificate"]["problem"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("/api/scene?seed=-1", None, 400, None),
            ("/api/scene?seed=99999999999", None, 400, None),
            ("/api/scene", None, 400, None),
            ("/api/nothing", None, 404, "not_found"),
            ("/api/load", {"model": 9}, 404, "model_not_found"),
            ("/api/load", {"model": -1}, 404, "model_not_found"),
            ("/api/load", {"model": "0"}, 400, "invalid_value"),
            ("/api/load", b"{", 400, "invalid_json"),
            ("/api/load", b"[" * 100_000, 400, "invalid_json"),
            ("/api/show", {**PLACES, "model": 7}, 409, "not_loaded"),
            ("/api/show", {**PLACES, "width": 0}, 400, "invalid_value"),
            ("/api/route", {"prompt": "x", "more": 1}, 400, "invalid_value"),
            ("/api/draw", {**PLACES, "picture": "/etc/passwd"}, 400, "invalid_image"),
            ("/api/draw", {**PLACES, "picture": data_url(b"GIF89a broken")}, 400, "invalid_image"),
            ("/api/models/0/chat", ask(mode="flying"), 400, "unknown_mode"),
            ("/api/models/0/chat", {"messages": [message("?", data_url(b"no picture"))]}, 400, "invalid_image"),
            ("/api/models/9/chat", ask(), 404, "model_not_found"),
        ],
    )
    def test_what_cannot_be_done_is_told(self, page: Page, path: str, body: Any, status: int, code: str | None) -> None:
        page.send("/api/load", {"model": 0})
        reply = page.send(path, body)
        assert (reply.status, reply.error["code"]) == (status, code)
        assert reply.error["message"].endswith(".")

    def test_what_is_too_large(self, tiny_base: Path, tiny_adapter: Path) -> None:
        with served(pair(tiny_base, tiny_adapter), Limits(batch=2, queue=4, body=30_000, pixels=10_000)) as page:
            page.send("/api/load", {"model": 0})
            for path in ("/api/draw", "/api/models/0/chat"):
                assert page.send(path, {"padding": "x" * 40_000}).status == 413
            wide = png("red", (200, 100))
            assert "pixels" in page.send("/api/draw", {**PLACES, "picture": wide}).error["message"]
            assert page.send("/api/models/0/chat", {"messages": [message("?", wide)]}).status == 400

    def test_a_folder_that_is_no_model_is_told_and_can_be_tried_again(self, tiny_base: Path, tmp_path: Path) -> None:
        folder = tmp_path / "model"
        folder.mkdir()
        with served([Choice("broken", str(folder), None)]) as page:
            for _ in range(2):
                reply = page.send("/api/load", {"model": 0})
                assert (reply.status, reply.error["code"]) == (500, "bad_model")
                assert "model" in page.send("/api/state").json["models"][0]["problem"]
            shutil.copytree(tiny_base, folder, dirs_exist_ok=True)
            assert page.send("/api/load", {"model": 0}).json["loaded"]


class TestStrangers:
    @pytest.mark.parametrize("path", ["/api/state", "/api/scene?seed=1", "/api/nothing", "/api/models/0/chat"])
    @pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x"])
    def test_without_the_key_nothing_is_told(self, page: Page, path: str, key: str | None) -> None:
        reply = page.send(path, {"a": 1} if path.endswith("chat") else None, key=key)
        assert (reply.status, reply.error["code"]) == (401, "invalid_api_key")

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]", ""])
    def test_another_name_is_not_served(self, page: Page, host: str) -> None:
        for path in ("/", "/api/state"):
            assert page.send(path, headers={"Host": host}).status == 403

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "http://localhost:1"])
    def test_another_page_is_not_served(self, page: Page, origin: str) -> None:
        reply = page.send("/api/route", {"prompt": "?"}, headers={"Origin": origin})
        assert (reply.status, reply.error["code"]) == (403, "wrong_origin")

    def test_the_page_itself_is(self, page: Page) -> None:
        for name in ("127.0.0.1", "localhost"):
            here = f"{name}:{page.port}"
            headers = {"Host": here, "Origin": f"http://{here}"}
            assert page.send("/api/route", {"prompt": "?"}, headers=headers).status == 200

    def test_forms_cannot_post(self, page: Page) -> None:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            assert page.send("/api/route", {"prompt": "?"}, headers={"Content-Type": kind}).status == 415


class TestPage:
    def test_it_loads_nothing_from_elsewhere(self, page: Page) -> None:
        reply = page.send("/", key=None)
        text = reply.body.decode()
        assert KEY not in text
        assert not re.search(r"(?:src|href|action)=[\"']?(?:https?:)?//", text)
        assert not re.search(r"url\(|@import", text)
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]
        assert reply.headers["x-frame-options"] == "DENY"
        assert reply.headers["referrer-policy"] == "no-referrer"

    def test_it_names_every_place_that_its_script_uses(self, page: Page) -> None:
        text = page.send("/", key=None).body.decode()
        markup, _, script = text.partition("<script>")
        used = set(re.findall(r'byId\("(\w+)"\)', script))
        assert used <= set(re.findall(r'id="(\w+)"', markup))
        assert len(used) > 20


def test_an_adapter_that_is_not_there_has_no_certificate(tiny_base: Path) -> None:
    from twist_scout.app.shelf import adapter_folder

    with pytest.raises(BadInput, match="no adapter"):
        adapter_folder(Choice("bare", str(tiny_base), None))


def test_base64_of_scenes_is_what_the_models_read(page: Page) -> None:
    """The page sends a scene on as it got it."""
    picture = page.send("/api/scene?seed=3").json["picture"]
    assert base64.b64decode(picture.partition(",")[2])[:4] == b"\x89PNG"
    grounding = page.events({"messages": [message("Where?", picture)], "mode": "grounding"})[-1]["choices"][0][
        "grounding"
    ]
    assert (grounding["width"], grounding["height"]) == (480, 480)
