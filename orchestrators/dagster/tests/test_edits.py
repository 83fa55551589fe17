"""What a worker has in common with the run worker, which is a process of its own and loads the code anew for each run, as
Dagster starts one: the code, though it is edited while the stack is up; what is worked out when the code is loaded; and
the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from homes import instance_in
from stacks import LAUNCHER, SOON_STOPPED, searched

from stepstile.local_stack import LocalStack

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
WORKED_OUT = """
import datetime, os, tempfile, time, uuid
import dagster as dg
from dagster_stepstile import stepstile_executor

loaded = f"{os.getpid()} {time.monotonic_ns()}"

class Since(dg.Config):
    since: str = loaded
    other: str = "kept"
@dg.asset
def a_config_default(context, config: Since):
    context.log.info(f"it has <{config.since}> {config.other}")
@dg.asset(metadata={"loaded_at": loaded})
def b_metadata(): pass
@dg.asset(description=f"built {loaded}")
def c_description(): pass
@dg.asset(description=f"reads {set(['orders', 'users', 'items', 'skus'])}")
def d_set_in_description(): pass
@dg.asset(deps=set(["orders", "users", "items", "skus"]))
def e_set_of_deps(): pass
class Folder(dg.ConfigurableResource):
    folder: str
@dg.asset
def f_resource(context, made: Folder):
    context.log.info(f"it has <{made.folder}>")
@dg.asset(tags={"build": uuid.uuid4().hex[:8]})
def g_tag(): pass

class Database(dg.ConfigurableResource):
    path: str
@dg.asset
def h_env_var(context, database: Database):
    context.log.info(f"it has <{database.path}>")
@dg.asset
def i_getenv(context, other: Database):
    context.log.info(f"it has <{other.path}> and <{os.environ.get('IN_BODY')}>")

names = [
    "a_config_default", "b_metadata", "c_description", "d_set_in_description", "e_set_of_deps", "f_resource", "g_tag",
    "h_env_var", "i_getenv",
]
defs = dg.Definitions(
    assets=[globals()[name] for name in names],
    jobs=[dg.define_asset_job("j_" + name, dg.AssetSelection.assets(name)) for name in names],
    resources={
        "made": Folder(folder=tempfile.mkdtemp(prefix="made")),
        "database": Database(path=dg.EnvVar("MY_DB")),
        "other": Database(path=os.getenv("MY_DB", "default.duckdb")),
    },
    executor=stepstile_executor,
)
def job_named(name):
    return defs.resolve_job_def(name)
"""
RUN_WORKER = """
import json, os, sys
import dagster as dg
from edited import jobs, worked_out
ended = []
for name, how in json.loads(sys.argv[1]):
    job = dg.reconstructable(getattr(jobs, name)) if hasattr(jobs, name) else dg.build_reconstructable_job(
        "edited.worked_out", "job_named", (name,)
    )
    if "asset_selection" in how:
        how["asset_selection"] = [dg.AssetKey(key) for key in how["asset_selection"]]
    with dg.DagsterInstance.local_temp(os.path.abspath("home")) as instance:
        done = dg.execute_job(job, instance, **how)
        entries = instance.all_logs(done.run_id)
        data = [entry.dagster_event.event_specific_data for entry in entries if entry.dagster_event]
        errors = [each.error.to_string() for each in data if getattr(each, "error", None)]
        ended.append({
            "success": done.success,
            "log": "\\n".join([entry.message for entry in entries] + errors),
            "here": [worked_out.loaded, worked_out.defs.resources["made"].folder],
        })
print(json.dumps(ended))
"""


@dataclass
class Ended:
    """What came of a run: whether it succeeded, what its log says, and what the run worker worked out."""

    success: bool
    log: str
    here: list[str]


class Project:
    """A folder with a package, and the stack whose warm host has loaded it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.endpoint = ""
        (folder / "edited").mkdir()
        instance_in(folder / "home").dispose()
        (folder / "run_worker.py").write_text(RUN_WORKER)
        self.edit("__init__", "")
        self.edit("helper", HELPER)
        self.edit("jobs", JOBS)
        self.edit("worked_out", WORKED_OUT)

    @property
    def environment(self) -> dict[str, str]:
        return searched(self.folder)

    def edit(self, module: str, text: str) -> None:
        """As an editor does that writes another file and puts it in place. Python tells files by their size, and by their
        time in whole seconds: that is made to differ."""
        file = self.folder / "edited" / f"{module}.py"
        before = file.stat().st_mtime_ns if file.exists() else 0
        file.with_suffix(".new").write_text(text)
        if before:
            os.utime(file.with_suffix(".new"), ns=(before + 2_000_000_000, before + 2_000_000_000))
        file.with_suffix(".new").rename(file)

    def run(self, *launches: Any, **environment: str) -> list[Ended]:
        """Runs of jobs, one after the other, by a run worker with this beside the environment of the test. A launch is a
        job's name, or that and how it is executed."""
        told = [(each, {}) if isinstance(each, str) else each for each in launches]
        ran = subprocess.run(
            [sys.executable, "run_worker.py", json.dumps(told)],
            cwd=self.folder,
            env={**os.environ, **self.environment, "STEPSTILE_ENDPOINT": self.endpoint, **environment},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        return [Ended(**ended) for ended in json.loads(ran.stdout.splitlines()[-1])]


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
    state = tmp_path_factory.mktemp("stack")
    with LocalStack(LAUNCHER, state, handlers={"dagster": handler}, options=SOON_STOPPED) as stack:
        project.endpoint = stack.endpoint
        yield project


def said(ended: list[Ended]) -> list[str]:
    """The logs of runs, which have succeeded."""
    assert all(each.success for each in ended), "\n".join(each.log for each in ended)
    return [each.log for each in ended]


@pytest.mark.lowest
def test_an_edited_body_an_edited_helper_and_a_new_asset_are_what_the_next_run_runs(project: Project) -> None:
    assert "it says old and old" in said(project.run("saying"))[0]
    project.edit("jobs", JOBS.replace("and old", "and new"))
    assert "it says old and new" in said(project.run("saying"))[0]
    project.edit("helper", HELPER.replace("old", "new"))
    second = '@dg.asset\ndef second(context): context.log.info("it is there")\n'
    project.edit("jobs", JOBS.replace("defs = ", second + "defs = ").replace("[first]", "[first, second]"))
    saying, added = said(project.run("saying", ("of_assets", {"asset_selection": ["second"]})))
    assert "it says new and old" in saying
    assert "it is there" in added


@pytest.mark.lowest
def test_what_is_worked_out_when_the_code_is_loaded_is_the_run_workers_or_does_not_matter(
    project: Project,
) -> None:
    given = {"ops": {"a_config_default": {"config": {"other": "given"}}}}
    names = ["b_metadata", "c_description", "d_set_in_description", "e_set_of_deps", "g_tag"]
    ended = project.run(
        "j_a_config_default",
        ("j_a_config_default", {"run_config": given}),
        "j_f_resource",
        *(f"j_{name}" for name in names),
    )
    default, beside_given, resource, *_ = said(ended)
    assert f"it has <{ended[0].here[0]}> kept" in default
    assert f"it has <{ended[0].here[0]}> given" in beside_given
    assert f"it has <{ended[0].here[1]}>" in resource


@pytest.mark.lowest
def test_variables_come_from_env_vars_and_one_that_the_worker_lacks_is_named(project: Project) -> None:
    named = {"run_config": {"execution": {"config": {"env_vars": ["MY_DB", "IN_BODY=as=written"]}}}}
    lacking, *others = project.run(
        "j_h_env_var", ("j_h_env_var", named), ("j_i_getenv", named), MY_DB="named"
    )
    assert not lacking.success
    assert "the environment variable MY_DB is not set" in lacking.log
    assert ".env" in lacking.log
    assert "it has <named>" in said(others)[0]
    assert "it has <named> and <as=written>" in said(others)[1]


@pytest.mark.lowest
def test_the_projects_env_file_is_on_the_worker_as_are_its_edits(project: Project) -> None:
    file = project.folder / ".env"
    for path in ("data/my.duckdb", "data/other.duckdb"):
        file.write_text(f"MY_DB={path}   # as in a project\nIN_BODY='{path} too'\n")
        # `dagster dev` has loaded it:
        first, second = said(project.run("j_h_env_var", "j_i_getenv", MY_DB=path, IN_BODY=f"{path} too"))
        assert f"it has <{path}>" in first
        assert f"it has <{path}> and <{path} too>" in second
    file.unlink()
