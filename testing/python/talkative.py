"""A process handler that says something, and ends after so many seconds."""

import time

from dagster_pipes import open_dagster_pipes

with open_dagster_pipes() as pipes:
    pipes.report_custom_message({"stepstile.progress": {"fraction": 0.5, "note": "half"}})
    print("said", flush=True)
    time.sleep(pipes.get_extra("seconds"))
