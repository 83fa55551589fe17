"""The project that `stepstile init dagster` writes passes its tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
PACKAGES = ("client/python", "client/python-host", "orchestrators/dagster")


def test_the_project_of_stepstile_init_passes_its_tests(tmp_path: Path) -> None:
    for file in (TOP / "cli/src/main/resources/starters/dagster").glob("*.py"):
        shutil.copy(file, tmp_path)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "pythonpath=."],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(str(TOP / each / "src") for each in PACKAGES)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "2 passed" in ended.stdout
