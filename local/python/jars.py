"""Puts the command line's jars into the wheel: what `./stepstile` has built in this checkout, and runs itself.

SQLite's native libraries are taken out of their jar: those of the platforms that the wheel is for lie beside the jars, so
that no start unpacks one into a temporary folder, and those of all other platforms are left out.
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = "org/sqlite/native/"
PLATFORMS = ("Linux/x86_64", "Linux/aarch64", "Mac/x86_64", "Mac/aarch64")


class Jars(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        checkout = Path(self.root).parents[1]
        built = checkout / "cli" / "target" / "quick"
        if not (built / "stepstile-cli.jar").is_file():
            raise SystemExit(
                f"{built} has no jars yet: call ./stepstile --version in {checkout} first, which builds them."
            )
        included: dict[str, str] = build_data["force_include"]
        included[str(built / "stepstile-cli.jar")] = "stepstile_local/jars/stepstile-cli.jar"
        for options in (checkout / "cli" / "src" / "main" / "jvm").glob("*.options"):
            included[str(options)] = f"stepstile_local/{options.name}"
        # Those that a licence asks for, and a jar does not bring; the list of all is in the command line's jar.
        for text in (checkout / "functions" / "src" / "main" / "resources" / "META-INF" / "licenses").glob(
            "*.txt"
        ):
            included[str(text)] = f"stepstile_local/licenses/{text.name}"
        # Not below `built`: what its owner may not write can be packaged nevertheless.
        slim = Path(self.directory) / ".sqlite"
        shutil.rmtree(slim, ignore_errors=True)
        for jar in (built / "lib").glob("*.jar"):
            if jar.name.startswith("sqlite-jdbc-"):
                included.update(without_natives(jar, slim))
            else:
                included[str(jar)] = f"stepstile_local/jars/{jar.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        shutil.rmtree(Path(self.directory) / ".sqlite", ignore_errors=True)


def without_natives(jar: Path, folder: Path) -> dict[str, str]:
    """Files to include: the jar without native libraries, and those of PLATFORMS beside it."""
    (folder / "native").mkdir(parents=True)
    included = {str(folder / jar.name): f"stepstile_local/jars/{jar.name}"}
    with zipfile.ZipFile(jar) as whole, zipfile.ZipFile(folder / jar.name, "w", zipfile.ZIP_DEFLATED) as rest:
        for entry in whole.infolist():
            if not entry.filename.startswith(NATIVE):
                rest.writestr(
                    zipfile.ZipInfo(entry.filename, entry.date_time), whole.read(entry), zipfile.ZIP_DEFLATED
                )
        for platform in PLATFORMS:
            [name] = [
                each
                for each in whole.namelist()
                if each.startswith(f"{NATIVE}{platform}/") and not each.endswith("/")
            ]
            file = folder / "native" / platform / Path(name).name
            file.parent.mkdir(parents=True)
            file.write_bytes(whole.read(name))
            included[str(file)] = f"stepstile_local/native/{platform}/{file.name}"
    return included
