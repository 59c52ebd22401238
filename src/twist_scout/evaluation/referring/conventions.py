"""The conventions of referring accuracy: the same predictions score differently in each.

A convention says which box of an answer counts, what its numbers mean, in which picture IoU is measured, from which IoU on
an answer is a hit, and what an answer without a box scores. Each is that of a published evaluator, or ours.

An evaluator that was written for one model reads the texts of that model alone; given another dialect, it is handed the
boxes that the dialect reads. An evaluator for every model (lmms-eval, VLMEvalKit) knows no dialects: it reads the text as
it stands, whatever the dialect, and that guess is part of its convention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from twist_scout.boxes.dialects import known_dialects
from twist_scout.errors import BadConfig
from twist_scout.evaluation.referring import frames, readers
from twist_scout.evaluation.referring.samples import Quad

Takes = Literal["first", "only", "best"]

TAKES_WORDS: Mapping[Takes, str] = MappingProxyType(
    {"first": "the first box", "only": "exactly one box", "best": "the best box"}
)
ANY = frozenset(known_dialects())


@dataclass(frozen=True)
class Route:
    """From numbers to boxes that can be compared.

    Attributes:
        place: what the numbers mean.
        space: the picture in which IoU is measured.
    """

    place: frames.Placing
    space: frames.Space = frames.ORIGINAL


@dataclass(frozen=True)
class Convention:
    """How answers are turned into hits and misses.

    Attributes:
        name: what the command line calls it.
        sentence: what it does.
        source: where that can be read.
        takes: which box of an answer counts.
        strict: whether an IoU of exactly the threshold is a miss.
        threshold: IoU of a hit.
        read: how it finds numbers in a text; None where it always takes the boxes of the dialect.
        reads: dialects whose texts it reads itself.
        own: what the numbers that it reads itself mean.
        given: what becomes of the boxes of other dialects.
        same_phrase: whether only boxes count whose words are the expression, where a dialect has such words.
        cuts: whether coordinates are cut to whole pixels.
        without_box: the box that an answer without one gets, in the space of its route; None scores 0.
        needs_size: whether pictures must have a known size.
    """

    name: str
    sentence: str
    source: str
    takes: Takes = "first"
    strict: bool = False
    threshold: float = 0.5
    read: readers.TextReader | None = None
    reads: frozenset[str] = frozenset()
    own: Route = Route(frames.as_they_are)
    given: Route = Route(frames.as_they_are)
    same_phrase: bool = False
    cuts: bool = False
    without_box: Quad | None = None
    needs_size: bool = False

    def reads_itself(self, dialect: str) -> bool:
        """Whether it reads texts of a dialect itself, instead of taking the boxes that the dialect reads."""
        return self.read is not None and dialect in self.reads

    @property
    def rule(self) -> str:
        """The threshold as it is written: ``IoU >= 0.5``."""
        return f"IoU {'>' if self.strict else '>='} {self.threshold:g}"


_ALL = (
    Convention(
        "scout",
        "The first box that the dialect reads in the answer, in the original picture; a hit from IoU 0.5 on; an answer "
        "without a readable box scores 0.",
        "this project",
    ),
    Convention(
        "shikra",
        "The answer must hold exactly one box, in fractions of the padded square, where both boxes are compared in "
        "thousandths; a hit only above IoU 0.5; anything else scores 0.",
        "shikras/shikra, mllm/dataset/single_image_dataset/rec.py",
        takes="only",
        strict=True,
        read=readers.shikra,
        reads=frozenset({"shikra"}),
        own=Route(frames.padded, frames.PADDED),
        needs_size=True,
    ),
    Convention(
        "ferret",
        "The first box, its thousandths turned into pixels and cut to whole ones; a hit from IoU 0.5 on; one bracket that "
        "holds no whole numbers makes the answer score 0.",
        "apple/ml-ferret, ferret/eval/eval_refexp.py (its k = 1)",
        read=readers.ferret,
        reads=frozenset({"ferret"}),
        own=Route(frames.cut_thousandths),
        given=Route(frames.cut),
        cuts=True,
        needs_size=True,
    ),
    Convention(
        "kosmos2",
        "The first box whose phrase is the expression, from middle to middle of its cells of 32 x 32; a hit from IoU 0.5 on; "
        "without such a phrase the answer scores 0.",
        "microsoft/unilm, kosmos-2/evaluation/refcoco/refexp_evaluate.py (its k = 1)",
        read=readers.kosmos2,
        reads=frozenset({"kosmos-2"}),
        own=Route(frames.cells),
        same_phrase=True,
    ),
    Convention(
        "qwen",
        "The first (x,y),(x,y), divided by 999; a hit from IoU 0.5 on; anything else scores 0.",
        "QwenLM/Qwen-VL, eval_mm/evaluate_grounding.py",
        read=readers.qwen,
        reads=frozenset({"qwen-vl", "qwen2-vl"}),
        own=Route(frames.of_999),
    ),
    Convention(
        "lmms-eval",
        "The first [a, b, c, d] of the text, whatever the dialect, taken for fractions of the picture; larger numbers are "
        "not rescued; a hit from IoU 0.5 on; anything else scores 0.",
        "EvolvingLMMs-Lab/lmms-eval, lmms_eval/tasks/refcoco/utils_rec.py (refcoco_bbox_rec)",
        read=readers.lmms_eval,
        reads=ANY,
        own=Route(frames.fractions),
    ),
    Convention(
        "lmms-eval-grounding",
        "An oracle: of all boxes in the text, whatever the dialect, each taken for pixels and for thousandths, the one that "
        "fits the truth best; a hit from IoU 0.5 on.",
        "EvolvingLMMs-Lab/lmms-eval, lmms_eval/tasks/refcoco_grounding/utils.py",
        takes="best",
        read=readers.lmms_eval_grounding,
        reads=ANY,
        own=Route(frames.both),
        needs_size=True,
    ),
    Convention(
        "vlmevalkit",
        "The first [a, b, c, d] of the text, else its first four numbers, whatever the dialect; up to 1.5 they are fractions, "
        "up to 1000 thousandths, beyond that pixels; a hit from IoU 0.5 on.",
        "open-compass/VLMEvalKit, vlmeval/dataset/refcoco.py",
        read=readers.vlmevalkit,
        reads=ANY,
        own=Route(frames.guessed),
        needs_size=True,
    ),
    Convention(
        "pin",
        "One box on the grid of 224 x 224 pixels, against the truth cut to whole pixels there; an answer without one gets the "
        "top left cell; the paper reports the mean IoU, a hit here is from IoU 0.5 on.",
        "QUVA-Lab/PIN at 49c287d, eval_dloaders/refcoco_utils.py and utils/grid_codec.py",
        read=readers.pin,
        reads=frozenset({"pin"}),
        own=Route(frames.grid, frames.SQUEEZED),
        given=Route(frames.squeezed, frames.SQUEEZED),
        without_box=(0.0, 0.0, 14.0, 14.0),
    ),
    Convention(
        "oracle",
        "Of all boxes that the dialect reads in the answer, the one that fits the truth best: what a better choice could "
        "reach; a hit from IoU 0.5 on.",
        "this project",
        takes="best",
    ),
)

CONVENTIONS: Mapping[str, Convention] = MappingProxyType({convention.name: convention for convention in _ALL})
"""All conventions by name."""


def get_convention(name: str | Convention) -> Convention:
    """A convention by its name.

    Raises:
        BadConfig: there is none; the message lists those there are.
    """
    if isinstance(name, Convention):
        return name
    if name not in CONVENTIONS:
        raise BadConfig(f"there is no convention {name!r}; choose one of: {', '.join(CONVENTIONS)}")
    return CONVENTIONS[name]
