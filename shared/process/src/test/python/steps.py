"""What the steps of the tests do, in commands and in a warm host's children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from dagster_pipes import PipesContext, open_dagster_pipes

LOADED_BY = os.getpid()


def run(context: PipesContext) -> None:
    acts[context.get_extra("act")](context)


def prepare(extras: dict) -> None:
    how = extras.get("prepare")
    if how == "raise":
        raise LookupError("no such job")
    if how == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "hang":
        time.sleep(600)
    if how == "grow":
        _grown.append(bytearray(64 << 20))
    if how == "build":
        _built.append(os.getpid())


_grown: list[bytearray] = []
_built: list[int] = []
run.prepare = prepare  # type: ignore[attr-defined]


def result(context: PipesContext, value: object) -> None:
    context.report_custom_message({"stepstile.result": value})


def who(context: PipesContext) -> None:
    """Which process it is, who its parent is, who loaded this module, and who prepared it."""
    result(context, [os.getpid(), os.getppid(), LOADED_BY, _built])


def trace(context: PipesContext) -> None:
    """The trace that the step runs in."""
    result(context, [os.environ.get("TRACEPARENT"), os.environ.get("TRACESTATE")])


def echo(context: PipesContext) -> None:
    result(context, {name: value for name, value in context.extras.items() if name != "stepstile"})


def told(context: PipesContext) -> None:
    """All that the context says, read by the real package."""
    result(
        context,
        {
            "asset_keys": context.asset_keys,
            "partition_key": context.partition_key,
            "time_window": context.partition_time_window,
            "provenance": context.provenance_by_asset_key,
            "code_version": context.code_version_by_asset_key,
            "run_id": context.run_id,
            "job_name": context.job_name,
            "retry_number": context.retry_number,
            "stepstile": context.get_extra("stepstile"),
        },
    )


METADATA = {
    "inferred": [1, None],
    "text": {"raw_value": "a", "type": "text"},
    "url": {"raw_value": "https://stepstile.dev", "type": "url"},
    "path": {"raw_value": "/a", "type": "path"},
    "notebook": {"raw_value": "/a.ipynb", "type": "notebook"},
    "json": {"raw_value": {"a": [1]}, "type": "json"},
    "md": {"raw_value": "**a**", "type": "md"},
    "float": {"raw_value": 0.5, "type": "float"},
    "nan": {"raw_value": float("nan"), "type": "float"},
    "int": {"raw_value": 2**60, "type": "int"},
    "bool": {"raw_value": True, "type": "bool"},
    "run": {"raw_value": "1f", "type": "dagster_run"},
    "asset": {"raw_value": "a/b", "type": "asset"},
    "null": {"raw_value": None, "type": "null"},
    "table": {
        "raw_value": {"records": [{"a": 1}], "schema": [{"name": "a", "type": "int"}]},
        "type": "table",
    },
    "schema": {"raw_value": {"columns": [{"name": "a", "type": "int"}]}, "type": "table_schema"},
    "lineage": {
        "raw_value": {"deps_by_column": {"a": [{"asset_key": "b", "column_name": "c"}]}},
        "type": "table_column_lineage",
    },
    "timestamp": {"raw_value": 1385251200.5, "type": "timestamp"},
}


def report(context: PipesContext) -> None:
    """All seven messages, with metadata of every type."""
    context.log.warning("a log")
    context.log_external_stream("stdout", "from afar\n")
    context.report_custom_message({"stepstile.live": {"kind": "start"}})
    context.report_custom_message({"stepstile.progress": {"fraction": 0.5, "note": "half"}})
    context.report_asset_materialization(metadata=METADATA, data_version="v1")
    context.report_asset_check("rows", passed=False, severity="WARN", metadata={"rows": 0})
    context.report_custom_message(["mine"])
    result(context, 1)


def nested(context: PipesContext) -> None:
    try:
        try:
            raise OSError("disk")
        except OSError:
            raise KeyError("k")  # noqa: B904 (the exception's context is wanted)
    except KeyError as cause:
        raise ValueError("bad day") from cause


def die(context: PipesContext) -> None:
    print("about to die", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def leave(context: PipesContext) -> None:
    sys.exit(context.get_extra("status"))


def output(context: PipesContext) -> None:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"from below\n")
    subprocess.run(["sh", "-c", "echo from a shell; echo its error >/dev/stderr"], check=True)
    print("\x1e{no record}")
    print("ä" * 10)
    print("a last line without an end", end="")


def flood(context: PipesContext) -> None:
    for _ in range(20_000):
        print("x" * 99)


def behind(context: PipesContext) -> None:
    """Leaves a process behind that holds the output open."""
    print("pid", subprocess.Popen(["sleep", "600"]).pid)


def wait(context: PipesContext) -> None:
    """Says which processes it is made of, and waits."""
    sleeper = subprocess.Popen(["sleep", "600"])
    print("waiting", os.getpid(), sleeper.pid, flush=True)
    sleeper.wait()


def stubborn(context: PipesContext) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait(context)


def until(context: PipesContext) -> None:
    """Waits for a file."""
    print("waiting", os.getpid(), flush=True)
    _wait_for_file(context)
    result(context, "done")


def _wait_for_file(context: PipesContext) -> None:
    while not Path(context.get_extra("file")).exists():
        time.sleep(0.01)


def tidy(context: PipesContext) -> None:
    """Has something to say when it is told to end."""

    def told(*_: object) -> None:
        print("tidied up")
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, told)
    wait(context)


def finish(context: PipesContext) -> None:
    """Finishes what it does when it is told to end, and says so."""

    def told(*_: object) -> None:
        result(context, "committed")
        context.close()
        os._exit(0)

    signal.signal(signal.SIGTERM, told)
    wait(context)


def stop_after(context: PipesContext) -> None:
    """Has reported a value, and leaves when it is told to end."""

    def told(*_: object) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, told)
    result(context, "committed")
    wait(context)


def quota(context: PipesContext) -> None:
    """Asks to be tried again at a moment that has just passed."""
    context.report_custom_message({"stepstile.retry_after": {"seconds": -0.4, "message": "quota"}})


def scatter(context: PipesContext) -> None:
    """Starts a program that leads a session of its own, and is forked twice; says who they are, and waits for a file."""
    program = subprocess.Popen(["sh", "-c", "setsid sleep 600 & echo $!"], stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    first = int(program.stdout.readline())
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(theirs, b"%d\n" % os.getpid())
            time.sleep(600)
        os._exit(0)
    second = int(os.read(ours, 100))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("waiting", os.getpid(), first, second, flush=True)
    _wait_for_file(context)


acts = {
    act.__name__: act
    for act in (
        who,
        trace,
        echo,
        told,
        report,
        nested,
        die,
        leave,
        output,
        flood,
        behind,
        wait,
        stubborn,
        until,
        tidy,
        finish,
        stop_after,
        quota,
        scatter,
    )
}

if __name__ == "__main__":
    with open_dagster_pipes() as session:
        run(session)
