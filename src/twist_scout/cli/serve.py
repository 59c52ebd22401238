"""``twist-scout serve``: an OpenAI-compatible endpoint whose answers carry their boxes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twist_scout.cli import console, options

if TYPE_CHECKING:
    from twist_scout.serving.limits import Limits
    from twist_scout.serving.model import RowModel

_MEBIBYTE = 1 << 20


def serve(
    model: options.Model = None,
    adapter: options.Adapter = None,
    device: options.Device = None,
    skill: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FOLDER", help="Another adapter, for the mode of that name. May be repeated."),
    ] = None,
    router: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A prompt router of your own (route train).")
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="How the model writes boxes; without it, as its adapter was trained, else scout.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What clients call the model; without it, its folder's name.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 is every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="At a loopback address: another name that clients may use. May be repeated."),
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Environment variable with the key that clients have to send.")
    ] = None,
    image_root: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Let requests name picture files below this folder; else none may."),
    ] = None,
    max_batch: Annotated[
        int, typer.Option(min=1, help="Rows at a time. With 1 no answer depends on other requests.")
    ] = 16,
    max_wait_ms: Annotated[
        float, typer.Option(min=0, help="How long a row waits for others to share its batch.")
    ] = 5.0,
    queue: Annotated[int, typer.Option(min=1, help="Requests accepted and not yet answered; more get 429.")] = 1024,
    max_body_mb: Annotated[
        float, typer.Option(min=0.001, help="MiB of a request or picture file; larger ones get 413.")
    ] = 20,
    max_pixels: Annotated[int, typer.Option(min=1, help="Of a picture; larger ones get 400.")] = 25_000_000,
    max_prompt_tokens: Annotated[
        int | None, typer.Option(min=1, help="Of a conversation; without it what the model's context holds.")
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="The most that a request may ask for.")] = 4096,
    grace: Annotated[
        float, typer.Option(min=0, help="Seconds that accepted requests have after SIGTERM or Ctrl-C.")
    ] = 120.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log warnings only, not every request.")] = False,
) -> None:
    """Serve a model to OpenAI's clients; boxes come in a "grounding" object.

    The router decides for each request whether the base alone answers or the
    adapter does; "mode": "grounding" in the request, or NAME:grounding as the
    model, decides against it. Both kinds share batches.

    Logs are JSON lines on stderr, without prompts and answers. SIGTERM or
    Ctrl-C finishes what was accepted; a second one does not.

    Examples:
      twist-scout serve
      twist-scout serve --model base --adapter adapter --port 9000 --image-root photos
      MY_KEY=... twist-scout serve --host 0.0.0.0 --api-key-env MY_KEY
    """
    from twist_scout.errors import BadConfig

    console.check_serving_installed("The server")
    from twist_scout.serving.app import Service
    from twist_scout.serving.gate import is_loopback, loopback_hosts
    from twist_scout.serving.limits import Limits
    from twist_scout.serving.logs import log, open_log
    from twist_scout.serving.pictures import PictureReader
    from twist_scout.serving.server import bind, make_server, url_of

    key = None
    if api_key_env is not None and not (key := os.environ.get(api_key_env, "").strip()):
        raise BadConfig(f"The environment variable {api_key_env} holds no key: set it, or leave --api-key-env out.")
    limits = Limits(
        batch=max_batch,
        wait=max_wait_ms / 1000,
        queue=queue,
        body=int(max_body_mb * _MEBIBYTE),
        pixels=max_pixels,
        prompt_tokens=max_prompt_tokens,
        new_tokens=max_new_tokens,
        default_new_tokens=min(Limits().default_new_tokens, max_new_tokens),
        grace=grace,
    )
    # Everything that can be wrong without the model is found before it is loaded.
    PictureReader(image_root, largest=max_pixels, most_bytes=limits.body)
    skills = [_named_folder(text) for text in skill or ()]
    open_log(quiet=quiet)
    loopback = is_loopback(host)
    with bind(host, port) as taken:
        if not loopback:
            told = "reachable from other machines"
            log(
                told if key else f"{told}, without a key",
                "warning",
                host=host,
                remedy=None if key else "--api-key-env NAME",
            )
        console.quiet_libraries()
        served = _load(model, adapter, device, router, dialect, limits, skills)
        log("loaded", batching=served.probe(), device=str(served.device), modes=list(served.modes))
        service = Service(
            served,
            name or _name_of(model, adapter),
            limits,
            image_root=image_root,
            key=key,
            hosts=loopback_hosts(allow_host or ()) if loopback else None,
        )
        url = url_of(taken)
        log("serving", url=url, model=service.name)
        screen = console.err()
        if screen.is_terminal:
            screen.print(f"{service.name} answers at {url} (Ctrl-C ends it)", style="bold", markup=False)
        server = make_server(service)
        server.run(sockets=[taken])
    log("ended", abandoned=server.abandoned)
    if server.abandoned:
        raise typer.Exit(1)


def _named_folder(text: str) -> tuple[str, str]:
    from twist_scout.errors import BadConfig

    name, equals, folder = text.partition("=")
    if not (equals and name.isidentifier() and folder) or name == "auto":
        raise BadConfig(f"--skill {text!r} is not NAME=FOLDER, e.g. counting=my-adapter.")
    return name, folder


def _load(
    model: str | None,
    adapter: str | None,
    device: str | None,
    router: Path | None,
    dialect: str | None,
    limits: Limits,
    skills: list[tuple[str, str]],
) -> RowModel:
    """The model with its adapters.

    Raises:
        BadConfig: an adapter needs a base, a router's mode an adapter, or a dialect is unknown.
        BadModel: a folder does not hold what it should.
    """
    from twist_scout.boxes.dialects import get_dialect
    from twist_scout.errors import BadConfig, BadModel, first_line
    from twist_scout.loading import read_adapter_config, resolve_folders
    from twist_scout.routing.router import Router
    from twist_scout.serving.model import RowModel

    if dialect is not None:
        get_dialect(dialect)
    opened = Router(router) if router is not None else None
    base, folder = resolve_folders(model, adapter)
    served = RowModel.from_pretrained(base, folder, device, dialect=dialect, router=opened)
    served.default_new_tokens = limits.default_new_tokens
    served.most_prompt_tokens = limits.prompt_tokens
    if skills and not served.has_adapter:
        raise BadConfig("--skill adds to the adapter of --adapter: give that too.")
    for name, place in skills:
        read_adapter_config(place)
        try:
            served.model.load_adapter(place, name)
        except Exception as error:  # every layer below raises its own types
            raise BadModel(f"The adapter {place} does not fit this base model ({first_line(error)}).") from error
    served.model.eval()
    return served


def _name_of(model: str | None, adapter: str | None) -> str:
    if adapter is None and model is None:
        return "pocket"
    given = str(adapter or model)
    path = Path(given).expanduser()
    return path.resolve().name.replace(":", "-") if path.exists() else given.replace(":", "-")
