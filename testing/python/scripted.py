"""A process handler that does what its input says: one message or act after the other."""

import os
import sys
from typing import Any

from dagster_pipes import open_dagster_pipes


def act(context: Any, name: str, value: Any) -> None:
    if name == "print":
        print(value)
    elif name == "raise":
        raise ValueError(value)
    elif name == "exit":
        sys.exit(value)
    elif name == "kill":
        os.kill(os.getpid(), value)
    elif name == "infinite":
        context.report_custom_message({"stepstile.result": float("inf")})
    elif name == "materialize":
        context.report_asset_materialization(asset_key=value)
    else:
        context.report_custom_message({f"stepstile.{name}": value})


with open_dagster_pipes() as pipes:
    for each in pipes.get_extra("acts"):
        for what, of in each.items():
            act(pipes, what, of)
