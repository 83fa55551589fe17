"""``python -m stepstile_host --target module:function [--preload module]...``, started by Stepstile's step function."""

from __future__ import annotations

import argparse
import importlib
import sys

from stepstile_host.channel import Channel
from stepstile_host.host import Host, Target


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
    for module in arguments.preload:
        importlib.import_module(module)
    Host(channel, load(arguments.target)).serve()
    return 0


def load(target: str) -> Target:
    module, separator, function = target.partition(":")
    if not separator or not function:
        raise SystemExit(f"--target is MODULE:FUNCTION, not '{target}'.")
    loaded = getattr(importlib.import_module(module), function, None)
    if not callable(loaded):
        raise SystemExit(f"--target: module '{module}' has no function '{function}'.")
    return loaded


if __name__ == "__main__":
    sys.exit(main())
