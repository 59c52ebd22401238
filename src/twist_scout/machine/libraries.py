"""The versions of the core's libraries against the lowest that work, and whether each extra can be imported."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from twist_scout.machine.declared import NAME, declared
from twist_scout.machine.finding import Finding

#: Told of one by one; of the others only what is wrong.
_NAMED = ("torch", "transformers", "peft")
#: Where a library is imported under another name than it is installed by.
_IMPORTED_AS = {"pillow": "PIL", "pyyaml": "yaml"}
_FOR = {
    "scout": "making data with language models",
    "ray": "making data on many machines",
    "eval": "comparing names by their meaning",
    "router": "the prompt router at full speed",
    "serve": "the server",
    "app": "the web app",
}
_IMPORT_SECONDS = 120.0


def check_python() -> Finding:
    """The version of Python."""
    found, needed = platform.python_version(), declared().python
    if SpecifierSet(needed).contains(found, prereleases=True):
        return Finding("python", "ok", f"{found} ({sys.executable})")
    return Finding(
        "python", "problem", f"{found}, and {needed} is needed", "install a newer Python and this package in it"
    )


def check_core() -> Iterator[Finding]:
    """The libraries without which nothing works."""
    core = declared().core
    if not core:
        yield Finding("libraries", "warning", "what is needed is not known", f"pip install {NAME}")
        return
    others = 0
    for one in core:
        problem = _problem(one)
        if problem is not None:
            yield Finding(one.name, "problem", problem, f'pip install "{one.name}{one.specifier}"')
        elif one.name in _NAMED:
            yield Finding(one.name, "ok", f"{version(one.name)} (needed: {one.specifier})")
        else:
            others += 1
    yield Finding("libraries", "ok", f"{others} others are as needed")


def check_extras() -> Iterator[Finding]:
    """The optional libraries: each is there, new enough, and can be imported."""
    extras = declared().extras
    with ThreadPoolExecutor(2, thread_name_prefix="imports") as pool:
        yield from pool.map(lambda pair: check_extra(*pair), extras.items())


def check_extra(name: str, requirements: Sequence[Requirement]) -> Finding:
    """One group of optional libraries.

    Args:
        name: of the group.
        requirements: what is in it.
    """
    title = f"extra: {name}"
    purpose = _FOR.get(name, "optional")
    remedy = f'pip install "{NAME}[{name}]"'
    problems = [problem for one in requirements if (problem := _problem(one)) is not None]
    if problems:
        return Finding(title, "warning", f"for {purpose}: {'; '.join(problems)}", remedy)
    if not requirements:
        return Finding(title, "ok", f"for {purpose}: nothing more is needed")
    failed = _import_error([_module(one) for one in requirements])
    if failed:
        return Finding(title, "warning", f"for {purpose}: {failed}", f"{remedy} --force-reinstall")
    installed = ", ".join(f"{one.name} {version(one.name)}" for one in requirements)
    return Finding(title, "ok", f"for {purpose}: {installed}")


def _problem(one: Requirement) -> str | None:
    try:
        found = version(one.name)
    except PackageNotFoundError:
        return f"{one.name} is not installed"
    if not one.specifier.contains(found, prereleases=True):
        return f"{one.name} is {found}, and {one.specifier} is needed"
    return None


def _module(one: Requirement) -> str:
    return _IMPORTED_AS.get(one.name.lower(), one.name.replace("-", "_"))


def _import_error(modules: Sequence[str]) -> str:
    """Why one of them cannot be imported; empty where all can. In a process of its own, which a broken library may take
    down, and without the working directory, whose files may have the names of libraries.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-c", f"import {', '.join(modules)}"],
            capture_output=True,
            text=True,
            timeout=_IMPORT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{', '.join(modules)} could not be imported ({type(error).__name__})"
    last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
    return "" if done.returncode == 0 else f"{', '.join(modules)} cannot be imported ({last[0][:160]})"
