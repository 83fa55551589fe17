"""Code that is edited while a stack with a warm host is up, as between two runs of `dagster dev`: what runs is what is on
the disk. A run worker of each run loads the code anew, as Dagster starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import LAUNCHER

from dagster_stepstile.local_stack import LocalStack

SOURCES = Path(__file__).parents[1] / "src"

JOBS = """
import dagster as dg
from dagster_stepstile import stepstile_executor
from edited.helper import text

@dg.op
def say(context):
    context.log.info("it says " + text() + " and old")
@dg.job(executor_def=stepstile_executor)
def saying():
    say()

@dg.asset
def first(): pass
defs = dg.Definitions(
    assets=[first], jobs=[dg.define_asset_job("all_of_them")], executor=stepstile_executor
)
def of_assets():
    return defs.resolve_job_def("all_of_them")
"""
HELPER = """
def text():
    return "old"
"""
RUN_WORKER = """
import json, sys, tempfile
import dagster as dg
from edited import jobs
name, how = sys.argv[1], json.loads(sys.argv[2])
if "asset_selection" in how:
    how["asset_selection"] = [dg.AssetKey(key) for key in how["asset_selection"]]
with dg.DagsterInstance.local_temp(tempfile.mkdtemp(dir=".")) as instance:
    done = dg.execute_job(dg.reconstructable(getattr(jobs, name)), instance, **how)
    entries = instance.all_logs(done.run_id)
    errors = [entry.dagster_event.event_specific_data for entry in entries if entry.dagster_event]
    print(json.dumps({
        "success": done.success,
        "said": [entry.message for entry in entries]
        + [data.error.to_string() for data in errors if getattr(data, "error", None)],
    }))
"""


class Project:
    """A folder with a package, and the stack whose warm host has loaded it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.endpoint = ""
        (folder / "edited").mkdir()
        (folder / "run_worker.py").write_text(RUN_WORKER)
        self.edit("__init__", "")
        self.edit("helper", HELPER)
        self.edit("jobs", JOBS)

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": f"{SOURCES}{os.pathsep}{self.folder}"}

    def edit(self, module: str, text: str) -> None:
        """As an editor does that writes another file and puts it in place. Python tells files by their size, and by their
        time in whole seconds: that is made to differ."""
        file = self.folder / "edited" / f"{module}.py"
        before = file.stat().st_mtime_ns if file.exists() else 0
        file.with_suffix(".new").write_text(text)
        if before:
            os.utime(file.with_suffix(".new"), ns=(before + 2_000_000_000, before + 2_000_000_000))
        file.with_suffix(".new").rename(file)

    def run(self, job: str, environment: dict[str, str] | None = None, **how: Any) -> tuple[bool, str]:
        """Whether a run of the job succeeded, and what its log says."""
        told = subprocess.run(
            [sys.executable, "run_worker.py", job, json.dumps(how)],
            cwd=self.folder,
            env={
                **os.environ,
                **self.environment,
                "STEPSTILE_ENDPOINT": self.endpoint,
                **(environment or {}),
            },
            capture_output=True,
            text=True,
        )
        assert told.returncode == 0, told.stderr
        ended = json.loads(told.stdout.splitlines()[-1])
        return ended["success"], "\n".join(ended["said"])


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = Project(tmp_path_factory.mktemp("edited"))
    command = [
        *(sys.executable, "-m", "stepstile_host", "--target", "dagster_stepstile.worker:run_step"),
        *("--preload", "edited.jobs"),
    ]
    handler = {
        "command": command,
        "directory": str(project.folder),
        "environment": project.environment,
        "warm": True,
    }
    with LocalStack(LAUNCHER, tmp_path_factory.mktemp("stack"), handlers={"dagster": handler}) as stack:
        project.endpoint = stack.endpoint
        yield project


def said(ended: tuple[bool, str]) -> str:
    succeeded, log = ended
    assert succeeded, log
    return log


@pytest.mark.lowest
def test_an_edited_body_an_edited_helper_and_a_new_asset_are_what_the_next_run_runs(project: Project) -> None:
    assert "it says old and old" in said(project.run("saying"))
    project.edit("jobs", JOBS.replace("and old", "and new"))
    assert "it says old and new" in said(project.run("saying"))
    project.edit("helper", HELPER.replace("old", "new"))
    assert "it says new and new" in said(project.run("saying"))
    second = '@dg.asset\ndef second(context): context.log.info("it is there")\n'
    project.edit("jobs", JOBS.replace("defs = ", second + "defs = ").replace("[first]", "[first, second]"))
    assert "it is there" in said(project.run("of_assets", asset_selection=["second"]))
