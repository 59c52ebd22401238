"""Tables and the page that compare a model before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table

from twist_scout.experiments.exam_result import ExamResult
from twist_scout.experiments.report import Example, Report, TableRow
from twist_scout.twist.certificate import Certificate

#: (name, key of `ExamResult.to_dict`, whether lower is better)
MEASURES = (
    ("understanding accuracy", "understanding_accuracy", False),
    ("REC Acc@0.5", "rec_acc50", False),
    ("localisation mIoU", "localization_miou", False),
    ("grounded-caption AP50", "gic_ap50", False),
    ("step-by-step: final answer right", "steps_final", False),
    ("step-by-step: boxes at IoU >= 0.5", "steps_boxes", False),
    ("absent objects rejected", "rejection", False),
    ("present objects wrongly rejected", "false_rejection", True),
)


def comparison_rows(exams: Mapping[str, ExamResult]) -> list[TableRow]:
    """One row a measure, one column an exam."""
    values = {name: exam.to_dict() for name, exam in exams.items()}
    return [TableRow(title, [values[name][key] for name in exams], lower) for title, key, lower in MEASURES]


def comparison_table(exams: Mapping[str, ExamResult], scenes: int) -> Table:
    """The rows for a terminal."""
    table = Table(title=f"{scenes} unseen scenes")
    table.add_column("measure")
    for name in exams:
        table.add_column(name, justify="right")
    for row in comparison_rows(exams):
        table.add_row(row.name, *("-" if v is None else f"{v:.3f}" for v in row.values))
    return table


def comparison_report(
    exams: Mapping[str, ExamResult],
    trained: ExamResult,
    certificate: Certificate,
    examples: Sequence[Example],
    facts: Sequence[tuple[str, str]],
) -> Report:
    """The page.

    Args:
        exams: by the name of the model; the first is "before".
        trained: the exam of the adapter that the certificate is about.
        certificate: what was forgotten.
        examples: pictures with the answers of every model.
        facts: about the run.
    """
    return Report(
        title="Teaching a small model to point",
        summary="The frozen base, and the same base with grounding adapters, on scenes that no "
        "training has seen. What they were asked to point at is drawn into the pictures.",
        columns=tuple(exams),
        rows=comparison_rows(exams),
        facts=facts,
        certified=certificate.passed,
        certificate=_findings(certificate, trained),
        examples=examples,
    )


def _findings(certificate: Certificate, exam: ExamResult) -> list[tuple[str, str]]:
    def differ(changed: Sequence[object], total: int) -> str:
        return f"{total} compared, {len(changed)} differ"

    prompts = len(certificate.prompts)
    return [
        (
            "tensors of the base (SHA-256)",
            differ(certificate.changed_tensors, len(certificate.tensors)),
        ),
        ("logits in understanding mode", differ(certificate.changed_logits, prompts)),
        ("greedy answers in understanding mode", differ(certificate.changed_answers, prompts)),
        (
            "logits in the exam",
            f"{'equal to the bit' if exam.bit_equal else 'NOT equal'} on {exam.bit_equal_prompts} prompts",
        ),
        ("fingerprint of the base", certificate.fingerprint),
    ]
