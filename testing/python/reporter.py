"""A process handler that reports by Pipes, prints, logs, and says what it found in its context."""

import sys

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    print("printed")
    print("complained", file=sys.stderr)
    pipes.log.warning("logged")
    pipes.report_asset_materialization(metadata={"rows": 3}, data_version="v1")
    pipes.report_custom_message(
        {"stepstile.result": {"partition": pipes.partition_key, "of": pipes.get_extra("of")}}
    )
