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

app = typer.Typer(
    name="twist-scout",
    help="Teach any vision-language model to point at things, without it forgetting anything.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
toyworld = typer.Typer(help="The toy world: drawn scenes with exact truth, and the pocket model.")
app.add_typer(toyworld, name="toyworld")
scout = typer.Typer(help="SCOUT: make grounded chain-of-thought data, and look after it.")
app.add_typer(scout, name="scout")
data = typer.Typer(help="Training data: records from published data sets, mixtures, and the leakage guard.")
app.add_typer(data, name="data")
boxes = typer.Typer(help="Boxes in text: from one dialect to another, and what is wrong with those of a model.")
app.add_typer(boxes, name="boxes")
evaluation = typer.Typer(help="Score files of predictions, whoever made them: what was gained, and what was kept.")
app.add_typer(evaluation, name="eval")
app.add_typer(route, name="route")
experiment = typer.Typer(help="Experiments: the comparisons of the paper on the toy world.")
app.add_typer(experiment, name="experiment")

app.command()(quickstart)
app.command()(ground)
app.command()(chat)
app.command()(label)
app.command("app")(app_page)
app.command()(serve)
app.command()(predict)
app.command()(plan)
app.command()(models)
app.command()(train)
app.command()(certify)
app.command()(experts)
app.command("doctor")(machine_doctor)
scout.command()(build)
scout.command("plan")(scout_plan)
scout.command()(check)
scout.command()(stats)
scout.command()(view)
scout.command()(audit)
scout.command()(export)
data.command()(rec)
data.command()(gic)
data.command()(localization)
data.command()(mix)
data.command()(leakage)
experiment.command("data-ablation")(data_ablation)
boxes.command()(convert)
boxes.command()(doctor)
evaluation.command()(referring)
evaluation.command("localization")(eval_localization)
evaluation.command()(captioning)
evaluation.command()(understanding)
evaluation.command()(rejection)
evaluation.command()(judge)
evaluation.command()(retention)
evaluation.command()(compare)
toyworld.command()(sample)
toyworld.command("scout-data")(scout_data)
toyworld.command()(evaluate)
toyworld.command("train-base")(train_base)


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
