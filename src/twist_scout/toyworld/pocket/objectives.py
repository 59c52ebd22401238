"""What the pocket base is trained for: answers (decoder) and words of patches (vision tower)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast
from transformers.models.qwen3_moe.modeling_qwen3_moe import load_balancing_loss_func

from twist_scout.machine.precision import computes_bfloat16
from twist_scout.toyworld.pocket.lessons import PREFIX, Lesson, Packed, Teacher, pack
from twist_scout.toyworld.pocket.words_of_patches import GROUPS, PatchWords

_VALIDATION_SEED = 10_000_000
_BACKGROUND = sum(len(words) for words in GROUPS.values())


def _autocast(device: str) -> torch.autocast:
    return torch.autocast(device, torch.bfloat16, enabled=computes_bfloat16(device))


class Eyes:
    """Vision tower and projector: produce the words of every patch.

    The loss is the squared distance to the target token plus, for names, colours and sizes, the cross-entropy of the token's
    products with the word vectors; patches of objects weigh five times those of the background.
    """

    def __init__(
        self,
        model: LlavaForConditionalGeneration,
        tokenizer: PreTrainedTokenizerFast,
        words: PatchWords | None = None,
    ) -> None:
        self.model = model
        self.words = (words or PatchWords(model.get_input_embeddings().weight.data, tokenizer)).to(model.device)
        self._tower: Any = model.model.vision_tower
        bounds = np.cumsum([0, *(len(words) for words in GROUPS.values())])
        self._groups = [slice(int(a), int(b)) for a, b in pairwise(bounds)]

    def trained_parameters(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """Names and tensors that this objective trains."""
        for name, p in self.model.named_parameters():
            if name.startswith(("model.vision_tower.", "model.multi_modal_projector.")):
                yield name, p

    def compile(self) -> None:
        """Fuse the tower's small operations."""
        self._tower = torch.compile(self.model.model.vision_tower)

    def tokens(self, lessons: list[Lesson]) -> Tensor:
        """Image tokens (B, patches, width) that the tower makes of the pictures."""
        pixels = torch.from_numpy(np.stack([x.pixels for x in lessons])).to(self.model.device).permute(0, 3, 1, 2)
        with _autocast(self.model.device.type):
            hidden = self._tower(pixels.float() / 127.5 - 1, output_hidden_states=True).hidden_states[-1]
            return self.model.model.multi_modal_projector(hidden).float()

    def loss(self, lessons: list[Lesson]) -> Tensor:
        """Scalar loss of a batch."""
        mixture = self._mixture(lessons)  # (B, patches, words)
        tokens = self.tokens(lessons)
        target = mixture @ self.words.vectors + self.words.places
        distance = (tokens - target).pow(2).sum(-1)  # (B, patches)
        scores = self._scores(tokens)
        entropy = torch.zeros_like(distance)
        for group in self._groups:
            target = torch.cat([mixture[..., group], mixture[..., _BACKGROUND:]], -1)
            target = target / target.sum(-1, keepdim=True).clamp_min(1e-6)  # a face has no colour: nothing to decide
            logits = 8 * torch.cat([scores[..., group], scores[..., _BACKGROUND:]], -1)
            entropy = entropy - (target * logits.log_softmax(-1)).sum(-1)
        weight = 1.25 - mixture[..., _BACKGROUND]
        return ((distance + 0.5 * entropy) * weight).sum() / weight.sum()

    def _mixture(self, lessons: list[Lesson]) -> Tensor:
        return torch.from_numpy(np.stack([self.words.mixture(x) for x in lessons])).to(self.model.device)

    def _scores(self, tokens: Tensor) -> Tensor:
        return (tokens - self.words.places) @ self.words.vectors.T

    @torch.no_grad()
    def examine(self, teacher: Teacher) -> dict[str, float]:
        """Share of object patches whose best name, colour and size word is right, on unseen scenes."""
        lessons = [teacher.lesson(_VALIDATION_SEED + i) for i in range(64)]
        mixture, tokens = self._mixture(lessons), self.tokens(lessons)
        shown = mixture[..., _BACKGROUND] < 0.4
        scores, result = self._scores(tokens), {}
        for name, g in zip(GROUPS, self._groups, strict=True):
            # Patches of which half or more belongs to one word of the group.
            told = (mixture[..., g].amax(-1) >= 0.35) & (shown if name != "setting" else ~shown)
            right = scores[..., g].argmax(-1) == mixture[..., g].argmax(-1)
            result[f"patch_{name}"] = right[told].float().mean().item()
        result["cosine"] = F.cosine_similarity(tokens, self.words(lessons), dim=-1)[shown].mean().item()
        return {k: round(v, 4) for k, v in result.items()}


class Answers:
    """The decoder: answer questions about image tokens, exact ones or the tower's.

    Args:
        real: share of pictures whose tokens are the tower's; of the others, 0 gives exact tokens and anything between a blend
            of both, in a random proportion.
        length: tokens that a row has room for after the picture.
        words_fixed: leave the vectors of words, in and out, as they are.
    """

    def __init__(
        self,
        model: LlavaForConditionalGeneration,
        eyes: Eyes,
        tokenizer: PreTrainedTokenizerFast,
        *,
        real: float,
        length: int = 224,
        words_fixed: bool = False,
    ) -> None:
        self.model, self.eyes, self.tokenizer, self.real, self.length = model, eyes, tokenizer, real, length
        self.words_fixed = words_fixed
        self.sparse = any(hasattr(layer.mlp, "experts") for layer in model.model.language_model.layers)
        if model.device.type == "cpu":
            # In bfloat16 on a CPU the plain loop over experts is three times as fast as a grouped product.
            model.set_experts_implementation("eager")
        self._decoder: Any = model.model.language_model

    def trained_parameters(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        """Names and tensors that this objective trains."""
        for name, p in self.model.named_parameters():
            word = name.startswith(("model.language_model.embed_tokens.", "lm_head."))
            if (word and not self.words_fixed) or (name.startswith("model.language_model.") and not word):
                yield name, p

    def compile(self) -> None:
        """Fuse the decoder's and the tower's small operations (a decoder with experts stays as it is: its shapes vary)."""
        if not self.sparse:
            self._decoder = torch.compile(self.model.model.language_model)
        if self.real:
            self.eyes.compile()

    @torch.no_grad()
    def _image(self, lessons: list[Lesson]) -> Tensor:
        if self.real in (0.0, 1.0):
            return self.eyes.tokens(lessons) if self.real else self.eyes.words(lessons)
        seeds = [x.scene.seed for x in lessons]
        lots = np.random.default_rng(seeds).random((len(lessons), 2))
        share = (
            torch.from_numpy(np.where(lots[:, 0] < self.real, 1.0, lots[:, 1]))
            .float()[:, None, None]
            .to(self.model.device)
        )
        return share * self.eyes.tokens(lessons) + (1 - share) * self.eyes.words(lessons)

    def predict(self, lessons: list[Lesson]) -> tuple[Tensor, Packed]:
        """Logits (N, vocabulary) at the N label positions of the packed batch, row by row."""
        packed = pack(lessons, self.tokenizer, self.length).to(self.model.device)
        embed = self.model.get_input_embeddings()
        image = self._image(lessons)
        user = embed.weight[packed.user].expand(len(lessons), 1, -1)
        with _autocast(self.model.device.type):
            output = self._decoder(
                inputs_embeds=torch.cat([user, image, embed(packed.input_ids)], 1),
                attention_mask=packed.mask,
                position_ids=packed.positions,
                use_cache=False,
                output_router_logits=self.sparse,
            )
        self._router_logits = output.router_logits if self.sparse else None
        hidden = output.last_hidden_state[:, PREFIX:].float()
        return self.model.lm_head(hidden[packed.labels >= 0]), packed

    def loss(self, lessons: list[Lesson]) -> Tensor:
        """Weighted cross-entropy, plus the experts' load-balancing loss where there are experts."""
        logits, packed = self.predict(lessons)
        told = packed.labels >= 0
        entropy = F.cross_entropy(logits, packed.labels[told], reduction="none")
        weight = packed.weights[told]
        loss = (entropy * weight).sum() / weight.sum()
        if self._router_logits:
            text = self.model.config.text_config
            balance = load_balancing_loss_func(self._router_logits, text.num_experts, text.num_experts_per_tok)
            loss = loss + 0.005 * balance
        return loss

    def examine(self, teacher: Teacher) -> dict[str, float]:
        """Share of unseen questions of each kind whose every answer token is predicted, given the ones before."""
        return accuracy_by_kind(self, teacher)


@torch.no_grad()
def accuracy_by_kind(answers: Answers, teacher: Teacher, scenes: int = 192, batch: int = 16) -> dict[str, float]:
    """Teacher-forced exact accuracy of each question kind on unseen scenes."""
    right: dict[str, list[bool]] = {kind: [] for kind in teacher.kinds}
    for start in range(_VALIDATION_SEED, _VALIDATION_SEED + scenes, batch):
        lessons = [teacher.examination(start + i) for i in range(batch)]
        logits, packed = answers.predict(lessons)
        told = packed.labels >= 0
        hit = logits.argmax(-1) == packed.labels[told]
        rows, owners = told.nonzero()[:, 0], packed.owner[told]
        for r, lesson in enumerate(lessons):
            for n, segment in enumerate(lesson.segments):
                mine = (rows == r) & (owners == n)
                if mine.any():  # the last questions of a crowded scene may have found no room in the row
                    right[segment.kind].append(bool(hit[mine].all()))
    return {kind: round(sum(found) / max(1, len(found)), 4) for kind, found in right.items()}
