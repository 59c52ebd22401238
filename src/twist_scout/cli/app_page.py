"""``twist-scout app``: a page on which people ask, and see where the model points."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from twist_scout.cli import console, options

_MEBIBYTE = 1 << 20


def app_page(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="Model folder or hub id; several: each with the --adapter in its place. None: the pocket."
        ),
    ] = None,
    adapter: Annotated[
        list[str] | None, typer.Option("--adapter", help="Adapter folder, '-' for none. May be repeated.")
    ] = None,
    device: options.Device = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 is every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 7860,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="At a loopback address: another name for it. May be repeated."),
    ] = None,
    browse: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    max_body_mb: Annotated[float, typer.Option(min=0.1, help="MiB of a request, picture included.")] = 20,
    max_pixels: Annotated[int, typer.Option(min=1, help="Of a picture.")] = 25_000_000,
    max_new_tokens: Annotated[int, typer.Option(min=1, help="Where to cut a long answer.")] = 256,
) -> None:
    """Ask on a page: every phrase in a colour, its box on the picture.

    The page is served at this machine's own address, to whoever has the key
    that is part of the printed address; nothing is shared and nothing is sent
    elsewhere. Several models and adapters can be given and are chosen on the
    page; each is loaded when it is first chosen. Ctrl-C ends it.

    Examples:
      twist-scout app
      twist-scout app --model base --adapter first --adapter second --open
    """
    from twist_scout.app.choices import choices_of

    console.check_serving_installed("The page")

    chosen = choices_of(model or [], adapter or [])
    import secrets

    from twist_scout.loading import choose_device
    from twist_scout.serving.gate import is_loopback, loopback_hosts
    from twist_scout.serving.limits import Limits
    from twist_scout.serving.server import bind

    choose_device(device)
    taken = bind(host, port)
    from twist_scout.app.app import App
    from twist_scout.app.server import make_server, page_url
    from twist_scout.serving.logs import open_log

    screen = console.err()
    if not (loopback := is_loopback(host)):
        screen.print(f"{host} can be reached from other machines: the key in the address is all that keeps them out.")
    open_log(quiet=True)
    console.quiet_libraries()
    limits = Limits(
        batch=4,
        queue=32,
        body=int(max_body_mb * _MEBIBYTE),
        pixels=max_pixels,
        default_new_tokens=max_new_tokens,
        new_tokens=max_new_tokens,
    )
    key = secrets.token_urlsafe(24)
    served = App(
        chosen, key, device=device, limits=limits, hosts=loopback_hosts(allow_host or ()) if loopback else None
    )
    taken.listen()  # a browser that comes before the server is up waits
    url = page_url(taken, key)
    console.out().print(url, markup=False, soft_wrap=True)
    screen.print("Open this address in a browser. Ctrl-C ends.", markup=False)
    if browse:
        import webbrowser

        webbrowser.open(url)
    with suppress(KeyboardInterrupt):
        make_server(served).run(sockets=[taken])
