"""Instances of Dagster on SQLite. Their tables are copied: to create them takes more than half a second of each test."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg


def instance_in(home: Path, **how: Any) -> dg.DagsterInstance:
    """A new instance whose files are in this folder."""
    shutil.copytree(_empty_home(), home, dirs_exist_ok=True)
    return dg.DagsterInstance.local_temp(str(home), **how)


@cache
def _empty_home() -> Path:
    home = tempfile.mkdtemp(prefix="dagster-home-")
    with dg.DagsterInstance.local_temp(home) as instance:
        instance.get_runs()
        instance.event_log_storage.get_concurrency_keys()
        instance.all_instigator_state()
    return Path(home)
