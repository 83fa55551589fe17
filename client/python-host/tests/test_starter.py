"""The project that `stepstile init python` writes passes its tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]


def test_the_project_of_stepstile_init_passes_its_tests(tmp_path: Path) -> None:
    for file in (TOP / "cli/src/main/resources/starters/python").glob("*.py"):
        shutil.copy(file, tmp_path)
    # A process of its own, with the plugin as pip would have registered it.
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "stepstile_host.pytest_plugin", "-o", "pythonpath=."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(TOP / "client/python-host/src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "3 passed" in ended.stdout
