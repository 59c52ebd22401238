"""The card of a trained adapter, ``README.md`` in its folder: what the hub shows of it, in place of PEFT's empty form.

Like a data set's card it is written anew between two marks; what a person writes around them stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from twist_scout import __version__
from twist_scout.marked_page import is_marked, persons_part, write_page
from twist_scout.twist.certificate import Certificate
from twist_scout.twist.training_config import TrainingConfig

CARD = "README.md"
#: What PEFT leaves in each section of its form.
_EMPTY_FORM = "[More Information Needed]"


def write_card(
    folder: str | Path,
    config: TrainingConfig,
    certificate: Certificate,
    history: Sequence[Mapping[str, float]],
    *,
    old: str | None = None,
) -> Path | None:
    """Write the card of an adapter that was just trained.

    Args:
        folder: the adapter's.
        config: what it was trained with. Of data only the files' names are told, never where they lie.
        certificate: what its base was found to have kept.
        history: the log entries of the run.
        old: the card that stood there before the run, where there was one.

    Returns:
        The card, or None where a ``README.md`` stood that is neither this program's nor an empty form: it is put back.
    """
    path = Path(folder) / CARD
    if old is not None and _EMPTY_FORM not in old and not is_marked(old):
        path.write_text(old, encoding="utf-8")
        return None
    front, before, after = persons_part(old if old is not None and is_marked(old) else None)
    hub = {"base_model": config.base} if _is_hub_id(config.base) else {}
    front = {
        "library_name": "peft",
        **hub,
        "pipeline_tag": "image-text-to-text",
        "tags": ["twist-scout", "visual-grounding"],
        **front,
    }
    write_page(path, front, before, "\n\n".join(_sections(config, certificate, history)), after)
    return path


def _is_hub_id(base: str) -> bool:
    return not Path(base).exists()


def _sections(config: TrainingConfig, certificate: Certificate, history: Sequence[Mapping[str, float]]) -> list[str]:
    name = Path(config.output_dir).resolve().name
    base = config.base if _is_hub_id(config.base) else Path(config.base).resolve().name
    losses = [(int(entry["step"]), entry["loss"]) for entry in history if "loss" in entry and "step" in entry]
    twin = config.twist_config()
    rows = {
        "base": f"`{base}`",
        "data": ", ".join(f"`{Path(str(one)).name}`" for one in config.data),
        "experts": f"{twin.num_experts}, {twin.top_k} for each token",
        "steps": f"{losses[-1][0]:,}" if losses else "none",
        "learning rate": f"{config.learning_rate:g}, {config.schedule}",
        "examples a step": f"{config.batch_size * config.pack * config.gradient_accumulation_steps}",
        "loss, first and last entry": f"{losses[0][1]:.3f}, {losses[-1][1]:.3f}" if losses else "none",
        "seed": str(config.seed),
    }
    return [
        f"# {name}",
        f"A TWIST adapter (*TWIST & SCOUT: Grounding Multimodal LLM-Experts by Forget-Free Tuning*): `{base}` with twin experts "
        "beside its own networks. Asked to ground, it answers with boxes; asked anything else, the twins compute nothing and "
        "the base answers as it did.",
        f"**{certificate.summary}.** `certificate.json` says what was compared.",
        "## Use",
        f'```python\nfrom twist_scout import Grounder\n\ngrounder = Grounder.from_pretrained("{base}", adapter="{name}")\n'
        'print(grounder.ground("photo.jpg", "Where is the dog?"))\n```',
        "## Training",
        "| | |\n|---|---|\n" + "\n".join(f"| {key} | {value} |" for key, value in rows.items()),
        "`training_config.yaml` holds every setting, `training_log.json` every log entry.",
        f"Written by twist-scout {__version__}.",
    ]
