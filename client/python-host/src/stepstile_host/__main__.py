"""``python -m stepstile_host --target module:function [--preload module]...``, started by Stepstile's step function."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable

from stepstile_host.channel import Channel
from stepstile_host.host import Host, Target
from stepstile_host.sources import LoadedSources


def main() -> int:
    parser = argparse.ArgumentParser(prog="stepstile_host", description=__doc__)
    parser.add_argument(
        "--target",
        required=True,
        metavar="MODULE:FUNCTION",
        help="called in each child with the Pipes context",
    )
    parser.add_argument(
        "--preload",
        action="append",
        default=[],
        metavar="MODULE",
        help="imported once, before the first step",
    )
    arguments = parser.parse_args()
    channel = Channel.over_standard_streams()
    sources = LoadedSources()
    sources.note_imports()
    target = load(arguments.target)
    read_environment(target, sources)
    for module in arguments.preload:
        importlib.import_module(module)
    Host(channel, target, sources).serve()
    return 0


def load(target: str) -> Target:
    module, separator, function = target.partition(":")
    if not separator or not function:
        raise SystemExit(f"--target is MODULE:FUNCTION, not '{target}'.")
    loaded = getattr(importlib.import_module(module), function, None)
    if not callable(loaded):
        raise SystemExit(f"--target: module '{module}' has no function '{function}'.")
    return loaded


def read_environment(target: Target, sources: LoadedSources) -> None:
    """Calls the target's ``read_environment`` before user code is imported; it notes the files that it reads."""
    read: Callable[[Callable[[str], None]], None] | None = getattr(target, "read_environment", None)
    if read is not None:
        read(sources.note)


if __name__ == "__main__":
    sys.exit(main())
