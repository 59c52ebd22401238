"""All commands in one tree."""

from __future__ import annotations

from typing import Annotated

import typer

from twist_scout import __version__
from twist_scout.cli.app_page import app_page
from twist_scout.cli.boxes_convert import convert
from twist_scout.cli.boxes_doctor import doctor
from twist_scout.cli.certify import certify
from twist_scout.cli.chat import chat
from twist_scout.cli.data_gic import gic
from twist_scout.cli.data_leakage import leakage
from twist_scout.cli.data_localization import localization
from twist_scout.cli.data_mix import mix
from twist_scout.cli.data_rec import rec
from twist_scout.cli.doctor import doctor as machine_doctor
from twist_scout.cli.eval_captioning import captioning
from twist_scout.cli.eval_compare import compare
from twist_scout.cli.eval_judge import judge
from twist_scout.cli.eval_localization import localization as eval_localization
from twist_scout.cli.eval_referring import referring
from twist_scout.cli.eval_rejection import rejection
from twist_scout.cli.eval_retention import retention
from twist_scout.cli.eval_understanding import understanding
from twist_scout.cli.experiment_data_ablation import data_ablation
from twist_scout.cli.experts import experts
from twist_scout.cli.ground import ground
from twist_scout.cli.label import label
from twist_scout.cli.models import models
from twist_scout.cli.plan import plan
from twist_scout.cli.predict import predict
from twist_scout.cli.quickstart import quickstart
from twist_scout.cli.route import route
from twist_scout.cli.scout_audit import audit
from twist_scout.cli.scout_build import build
from twist_scout.cli.scout_check import check
from twist_scout.cli.scout_export import export
from twist_scout.cli.scout_plan import plan as scout_plan
from twist_scout.cli.scout_stats import stats
from twist_scout.cli.scout_view import view
from twist_scout.cli.serve import serve
from twist_scout.cli.toyworld_evaluate import evaluate
from twist_scout.cli.toyworld_sample import sample
from twist_scout.cli.toyworld_scout_data import scout_data
from twist_scout.cli.toyworld_train_base import train_base
from twist_scout.cli.train import train

#: What the first page of help is divided into.
POINT, OWN_MODEL, OWN_DATA, OWN_NUMBERS, REHEARSE = (
    "Point at things",
    "Your own model",
    "Your own data",
    "Your own numbers",
    "Rehearse",
)

app = typer.Typer(
    name="twist-scout",
    help="""Teach any vision-language model to point at things, without it forgetting anything.

    A first look, with the model that ships with the package:

    twist-scout toyworld sample --seed 0 --count 8 --out scenes
    twist-scout ground scenes/test-00000000.png "Where is the umbrella?" --save answer.png
    twist-scout app""",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _group(name: str, panel: str, about: str) -> typer.Typer:
    group = typer.Typer(help=about)
    app.add_typer(group, name=name, rich_help_panel=panel)
    return group


app.command(rich_help_panel=POINT)(quickstart)
app.command(rich_help_panel=POINT)(ground)
app.command(rich_help_panel=POINT)(chat)
app.command("app", rich_help_panel=POINT)(app_page)
app.command(rich_help_panel=POINT)(label)
app.command(rich_help_panel=POINT)(serve)
app.add_typer(route, name="route", rich_help_panel=POINT)
app.command("doctor", rich_help_panel=POINT)(machine_doctor)

app.command(rich_help_panel=OWN_MODEL)(models)
app.command(rich_help_panel=OWN_MODEL)(plan)
app.command(rich_help_panel=OWN_MODEL)(train)
app.command(rich_help_panel=OWN_MODEL)(certify)
app.command(rich_help_panel=OWN_MODEL)(experts)

scout = _group("scout", OWN_DATA, "SCOUT: make grounded chain-of-thought data, and look after it.")
scout.command()(build)
scout.command()(check)
scout.command()(stats)
scout.command()(view)
scout.command()(audit)
scout.command()(export)
scout.command("plan")(scout_plan)
data = _group("data", OWN_DATA, "Training data: records from published data sets, mixtures, and the leakage guard.")
data.command()(rec)
data.command()(gic)
data.command()(localization)
data.command()(mix)
data.command()(leakage)
boxes = _group(
    "boxes", OWN_DATA, "Boxes in text: from one dialect to another, and what is wrong with those of a model."
)
boxes.command()(convert)
boxes.command()(doctor)

app.command(rich_help_panel=OWN_NUMBERS)(predict)
evaluation = _group(
    "eval", OWN_NUMBERS, "Score files of predictions, whoever made them: what was gained, and what was kept."
)
evaluation.command()(referring)
evaluation.command("localization")(eval_localization)
evaluation.command()(captioning)
evaluation.command()(understanding)
evaluation.command()(rejection)
evaluation.command()(judge)
evaluation.command()(retention)
evaluation.command()(compare)

toyworld = _group("toyworld", REHEARSE, "The toy world: drawn scenes with exact truth, and the pocket model.")
toyworld.command()(sample)
toyworld.command("scout-data")(scout_data)
toyworld.command()(evaluate)
toyworld.command("train-base")(train_base)
experiment = _group("experiment", REHEARSE, "Experiments: the comparisons of the paper on the toy world.")
experiment.command("data-ablation")(data_ablation)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"twist-scout {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Options of the program itself."""
