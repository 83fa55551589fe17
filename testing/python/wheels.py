"""What is published: wheels, as they are built from the sources, what they import and what they need."""

from __future__ import annotations

import ast
import email
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path


class Wheel:
    """The wheel of a package, built into a folder."""

    def __init__(self, project: Path, folder: Path) -> None:
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
        subprocess.run(command, cwd=project, check=True, capture_output=True)
        [self.path] = folder.glob("*.whl")
        with zipfile.ZipFile(self.path) as opened:
            self.files = {name: opened.read(name) for name in opened.namelist()}
        [metadata] = [text for name, text in self.files.items() if name.endswith(".dist-info/METADATA")]
        self.metadata = email.message_from_bytes(metadata)

    @property
    def version(self) -> str:
        return str(self.metadata["Version"])

    @property
    def requires(self) -> set[str]:
        return set(self.metadata.get_all("Requires-Dist", []))

    @property
    def packages(self) -> set[str]:
        """What is at its top, but for what describes it."""
        return {top for name in self.files if not (top := name.split("/")[0]).endswith(".dist-info")}

    @property
    def is_licensed(self) -> bool:
        """Whether it says which licence it has, and carries its text."""
        texts = [text for name, text in self.files.items() if name.endswith(".dist-info/licenses/LICENSE")]
        said = (self.metadata["License-Expression"], self.metadata["License-File"])
        return said == ("Apache-2.0", "LICENSE") and len(texts) == 1 and b"Version 2.0" in texts[0]

    @property
    def sources(self) -> dict[str, str]:
        return {name: text.decode() for name, text in self.files.items() if name.endswith(".py")}

    @property
    def foreign_imports(self) -> set[str]:
        """The packages, not of Python itself, that its sources import, also within a function."""
        tops = {name.split(".")[0] for source in self.sources.values() for name in imported(source)}
        return tops - set(sys.stdlib_module_names) - self.packages

    def run(self, *arguments: str, beside: Path | None = None) -> None:
        """Runs a Python that has nothing installed but this wheel, and what is in a folder beside it."""
        path = ":".join(str(each) for each in (self.path, beside) if each)
        ran = subprocess.run(
            [sys.executable, "-S", *arguments], env={"PYTHONPATH": path}, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr


def imported(source: str) -> Iterator[str]:
    """The modules that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
