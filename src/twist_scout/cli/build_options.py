"""What ``twist-scout scout build`` can be told, by the panels of its help; the options of Ray are in ``build_engine``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

RULES = "rules"
_MODELS, _DATA, _ENDPOINTS, _RUN = "Models", "Questions and checks", "Endpoints", "The run"


class FrameName(StrEnum):
    """What a model sees of a picture."""

    stretched = "stretched"
    padded = "padded"
    smart_resized = "smart_resized"


class Instructions(StrEnum):
    """How much the MLLM is told."""

    auto = "auto"
    full = "full"
    none = "none"


Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="Captioned or annotated pictures: a path whose kind can be told, or KIND:PATH (flickr30k, coco, vg, "
        "shikra, table, folder, toyworld).",
        show_default=False,
    ),
]

# --- models ---

Llm = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="Who writes questions: rules (exact, from annotations), openai:NAME@URL, or hf:FOLDER.",
        rich_help_panel=_MODELS,
    ),
]
Mllm = Annotated[
    str,
    typer.Option(
        metavar="MODEL",
        help="Who sees the picture and answers: rules, openai:NAME@URL, hf:FOLDER, hf:FOLDER+ADAPTER, or pocket.",
        rich_help_panel=_MODELS,
    ),
]
DialectName = Annotated[
    str | None,
    typer.Option(
        help="How the MLLM writes boxes. Without it, what its backend says, else scout.", rich_help_panel=_MODELS
    ),
]
SeenFrame = Annotated[
    FrameName | None,
    typer.Option(
        help="What an endpoint's MLLM sees of a picture. Without it, what models of its dialect see.",
        rich_help_panel=_MODELS,
    ),
]
HowMuchTold = Annotated[
    Instructions,
    typer.Option(
        help="Tell the MLLM how to answer (full), or just ask, as one trained on such data needs it (none). auto: "
        "none for pocket and adapters.",
        rich_help_panel=_MODELS,
    ),
]
DeviceName = Annotated[
    str | None,
    typer.Option(help="For models in this process: cpu, cuda, ...; without it a GPU if any.", rich_help_panel=_MODELS),
]
BatchSize = Annotated[
    int, typer.Option(min=1, help="For models in this process: requests per batch.", rich_help_panel=_MODELS)
]

# --- questions and checks ---

Positives = Annotated[
    int, typer.Option(min=0, help="Questions per picture about what is there.", rich_help_panel=_DATA)
]
Negatives = Annotated[
    int, typer.Option(min=0, help="Questions per picture about what is not there.", rich_help_panel=_DATA)
]
Samples = Annotated[
    int,
    typer.Option(
        min=1,
        help="Answers per question. With more than one, a majority must agree (self-consistency).",
        rich_help_panel=_DATA,
    ),
]
AskAbsence = Annotated[
    bool,
    typer.Option(
        "--ask-absence",
        help="Ask the MLLM whether what a negative question asks for is in the picture; unless it says no, the record is "
        "turned down.",
        rich_help_panel=_DATA,
    ),
]
PromptFolder = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Your own prompts in place of the shipped ones.", rich_help_panel=_DATA),
]
CheckNames = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="all; none, for raw data; names with commas between them; or all but some: all,-annotation.",
        rich_help_panel=_DATA,
    ),
]
Overlap = Annotated[
    float,
    typer.Option(
        min=0.01, max=1, help="Overlap that a box needs with the annotation of its phrase.", rich_help_panel=_DATA
    ),
]

# --- endpoints ---

Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds for one try.", rich_help_panel=_ENDPOINTS)]
Tries = Annotated[int, typer.Option(min=1, help="How often a request is sent at most.", rich_help_panel=_ENDPOINTS)]
RequestsPerMinute = Annotated[
    float | None, typer.Option(min=0.01, help="To each endpoint.", rich_help_panel=_ENDPOINTS)
]
TokensPerMinute = Annotated[
    float | None, typer.Option(min=1, help="To and from each endpoint.", rich_help_panel=_ENDPOINTS)
]
TokensInAll = Annotated[
    int | None,
    typer.Option(min=1, help="Stop, with a report, when so many tokens are used.", rich_help_panel=_ENDPOINTS),
]
PictureSide = Annotated[
    int | None,
    typer.Option(min=16, help="Shrink larger pictures to so many pixels before sending.", rich_help_panel=_ENDPOINTS),
]
LlmKey = Annotated[
    str, typer.Option(metavar="NAME", help="Environment variable with the LLM's key.", rich_help_panel=_ENDPOINTS)
]
MllmKey = Annotated[
    str, typer.Option(metavar="NAME", help="Environment variable with the MLLM's key.", rich_help_panel=_ENDPOINTS)
]

# --- the run ---

Images = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Where the pictures are, if not where the source has them.", rich_help_panel=_RUN
    ),
]
CopyImages = Annotated[
    bool,
    typer.Option(
        "--copy-images",
        help="Copy the pictures of records to OUT/images. Without it, records name them by path.",
        rich_help_panel=_RUN,
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the run.", rich_help_panel=_RUN)]
Limit = Annotated[
    int | None,
    typer.Option(min=1, help="Only the first so many pictures; raise it later to go on.", rich_help_panel=_RUN),
]
Concurrency = Annotated[
    int,
    typer.Option(
        min=1,
        help="Pictures under way at once (on Ray, in each worker), and requests to each endpoint.",
        rich_help_panel=_RUN,
    ),
]
Restart = Annotated[
    bool, typer.Option("--restart", help="Throw away what an earlier run left in OUT.", rich_help_panel=_RUN)
]
RetryFailed = Annotated[
    bool,
    typer.Option(
        "--retry-failed",
        help="Do pictures again whose model gave no reply in an earlier run.",
        rich_help_panel=_RUN,
    ),
]
