"""``twist-scout label``: boxes for the pictures of a folder, in the format of your annotation tool."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twist_scout.cli import console, options
from twist_scout.cli.label_table import REPORT, remarks, table
from twist_scout.cli.predict import _Reporter
from twist_scout.cli.printable import printable
from twist_scout.cli.repeat import command_line

if TYPE_CHECKING:
    from twist_scout.labelling import Labels
    from twist_scout.labelling.folder import FoundPictures
    from twist_scout.labelling.report import Report
    from twist_scout.predicting.engine import RunSummary
    from twist_scout.predicting.questions import QuestionSet

_ASIDE = frozenset(("restart", "retry_errors", "overwrite", "json"))
_PICTURE_SHEETS = (".png", ".jpg", ".jpeg", ".webp")
SHEET = "sheet.html"


class FormatName(StrEnum):
    """What labels are written as."""

    coco = "coco"
    yolo = "yolo"
    voc = "voc"
    labelstudio = "labelstudio"
    jsonl = "jsonl"


def label(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The pictures, those in folders below too.", show_default=False)],
    classes: Annotated[
        str,
        typer.Option(
            "--classes",
            help='What to look for: "dog, red car, puppy: dog", or @FILE with one a line. After a colon: what files call it.',
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder of the labels; it is made.", show_default=False)],
    to: Annotated[
        list[FormatName] | None, typer.Option("--to", help="Format; may be given several times. Without it, coco.")
    ] = None,
    model: options.Model = None,
    adapter: options.Adapter = None,
    device: options.Device = None,
    dialect: Annotated[
        str | None, typer.Option(help="How the model writes boxes; without it, as its adapter was trained, else scout.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(help='How to ask, with {name}, {a_name} or {plural}. "Where is the {name}?" if not given.'),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Questions at a time.")] = 16,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Where to cut a long answer.")] = 256,
    min_score: Annotated[
        float, typer.Option(min=0, max=1, help="Leave out boxes of which the model was less sure.")
    ] = 0.0,
    min_area: Annotated[float, typer.Option(min=0, help="Leave out boxes of fewer square pixels.")] = 0.0,
    merge: Annotated[
        float, typer.Option(min=0, max=1, help="Boxes of one class that overlap by more (IoU) are one.")
    ] = 0.7,
    review: Annotated[
        Path | None,
        typer.Option(metavar="review.json", help="Leave out the boxes that you marked on the contact sheet."),
    ] = None,
    copy: Annotated[bool, typer.Option("--copy", help="yolo: copy the pictures instead of linking to them.")] = False,
    url_prefix: Annotated[
        str, typer.Option(help="labelstudio: what the address of a picture begins with.")
    ] = "/data/local-files/?d=",
    sheet: Annotated[
        list[Path] | None,
        typer.Option(help="Contact sheet, .html or .png; may be given twice. Without it, sheet.html in --out."),
    ] = None,
    sheet_pictures: Annotated[int, typer.Option(min=0, help="Most pictures on a sheet; 0: no sheet.")] = 200,
    restart: Annotated[bool, typer.Option("--restart", help="Ask everything again.")] = False,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Ask again about pictures that could not be read.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over label files that were changed by hand.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Find things in all pictures of a folder, and write their boxes for other tools.

    Every class is asked for in every picture. Where the model says that there is
    none, none is written. Look through sheet.html: click what is wrong, save the
    marks, and give the same command with --review.

    What the model said stays in answers.jsonl. A run that was stopped or killed
    goes on when the same command is given again; another format, threshold or
    review asks the model nothing, and a new picture or class is asked about
    alone. Pictures are never changed, and label files that you corrected are not
    written over.

    Examples:
      twist-scout label photos --classes "dog, red car" --out labels
      twist-scout label photos --classes @classes.txt --out labels
          --to yolo --to voc --review review.json
    """
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.errors import BadInput
    from twist_scout.labelling.asking import ANSWERS, PROMPT, make_questions
    from twist_scout.labelling.classes import read_classes
    from twist_scout.labelling.folder import find_pictures
    from twist_scout.labelling.formats import FORMATS, Place
    from twist_scout.labelling.output import OutFolder
    from twist_scout.labelling.reading import ReadingRules, read_labels
    from twist_scout.labelling.review import apply_review, read_review

    # Everything that can be wrong with the request is found before the model is loaded.
    folder, out = folder.expanduser(), out.expanduser()
    if dialect is not None:
        get_dialect(dialect)
    sheets = [out / SHEET] if sheet is None else sheet
    for path in sheets:
        if path.suffix.lower() not in (".html", *_PICTURE_SHEETS):
            raise BadInput(f"{path} is no name for a contact sheet: use one that ends in .html or .png.")
    wanted = read_classes(classes)
    marks = None if review is None else read_review(review)
    found = find_pictures(folder, leave_out=out)
    if out.resolve() == folder.resolve():
        raise BadInput(f"{folder} holds the pictures: give another --out, such as {folder.resolve().name}-labels.")
    questions = make_questions(found, wanted, prompt or PROMPT)
    console.make_folder(out)

    summary = _ask(
        context, questions, found, out / ANSWERS, (model, adapter, device, dialect), batch_size, max_new_tokens, restart,
        retry_errors,
    )  # fmt: skip
    rules = ReadingRules(min_area=min_area, min_score=min_score, same=merge)
    labels, report = read_labels(out / ANSWERS, found, wanted, rules)
    if marks is not None:
        labels, report.reviewed = apply_review(labels, marks, merge)
        report.count(labels)
    place = Place(folder, out, url_prefix)
    files = OutFolder(out, folder, copy=copy, overwrite=overwrite)
    kinds = list(dict.fromkeys(one.value for one in to or [FormatName.coco]))
    for kind in kinds:
        files.write(kind, FORMATS[kind](labels, place))
    _write_report(out / REPORT, report)
    written = [] if sheet_pictures == 0 else _write_sheets(sheets, labels, report, folder, sheet_pictures)
    _say(report, kinds, out, written, summary, json)


def _ask(
    context: typer.Context,
    questions: QuestionSet,
    found: FoundPictures,
    answers: Path,
    source: tuple[str | None, str | None, str | None, str | None],
    batch_size: int,
    max_new_tokens: int,
    restart: bool,
    retry_errors: bool,
) -> RunSummary:
    from twist_scout.labelling.asking import ask
    from twist_scout.loading import resolve_folders
    from twist_scout.predicting.engine import RunSettings
    from twist_scout.predicting.identity import fingerprint
    from twist_scout.trained import how_trained

    model, adapter, device, dialect = source
    base_folder, adapter_folder = resolve_folders(model, adapter)
    trained = how_trained(adapter_folder).but(dialect)
    settings = RunSettings(
        model=fingerprint(base_folder),
        adapter=fingerprint(adapter_folder),
        dialect=trained.dialect,
        frame=trained.frame,
        max_new_tokens=max_new_tokens,
        scores=True,
        batch_size=batch_size,
        facts={
            "model": str(base_folder),
            "adapter": None if adapter_folder is None else str(adapter_folder),
            "data": str(found.folder),
            "command": command_line(context, _ASIDE),
        },
    )

    def load() -> Any:
        from twist_scout.predicting.answering import BatchGrounder

        console.quiet_libraries()
        return BatchGrounder.from_pretrained(base_folder, adapter_folder, device, dialect=dialect)

    with _PictureReporter(len(questions.questions) // len(found.pictures)) as report:
        return ask(
            questions,
            load,
            found.folder,
            answers,
            settings,
            restart=restart,
            retry_errors=retry_errors,
            on_progress=report.progress,
            on_error=report.error,
        )


class _PictureReporter(_Reporter):
    """Shows a problem with a picture once, and not for each of its questions."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self._told: set[str] = set()

    def error(self, message: str) -> None:
        """Show why a picture could not be asked about."""
        reason = message.partition(": ")[2]
        if reason not in self._told:
            self._told.add(reason)
            super().error(reason)


def _write_report(path: Path, report: Report) -> None:
    import json

    console.write_whole(path, json.dumps(report.to_dict(), ensure_ascii=False, indent=1) + "\n")


def _write_sheets(sheets: list[Path], labels: Labels, report: Report, pictures: Path, most: int) -> list[Path]:
    for path in sheets:
        if path.suffix.lower() in _PICTURE_SHEETS:
            from twist_scout.labelling.sheet_picture import draw_sheet, save_sheet

            save_sheet(path, draw_sheet(labels, report, pictures, most=most))
        else:
            from twist_scout.labelling.sheet_page import write_page

            write_page(path, labels, report, pictures, most=most)
    return sheets


def _say(report: Report, kinds: list[str], out: Path, sheets: list[Path], summary: RunSummary, json: bool) -> None:
    from twist_scout.labelling.formats import MAIN_FILES

    files = {kind: str(out / MAIN_FILES[kind]) for kind in kinds}
    if json:
        said = {"files": files, "sheets": [str(path) for path in sheets], "report": str(out / REPORT)}
        console.print_json(
            {**report.to_dict(), **said, "asked": summary.answered, "seconds": round(summary.seconds, 3)}
        )
        return
    screen, aside = console.out(), console.err()
    screen.print(table(report))
    for line in remarks(report):
        aside.print(printable(line), style="yellow", markup=False, soft_wrap=True)
    for kind, file in files.items():
        aside.print(printable(f"{kind}: {file}"), markup=False, soft_wrap=True)
    for path in sheets:
        aside.print(printable(f"Look through {path}"), markup=False, soft_wrap=True)
