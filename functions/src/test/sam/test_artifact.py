"""What SAM has built: the licences that go with it. Called by build/sam-check after `sam build`."""

import re
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).parents[4]
FUNCTIONS = ["DispatchFunction", "StepFunction", "SweeperFunction", "RunsFunction"]

# Licences that ask for their text to go with the library. Apache-2.0's is our own LICENSE; MIT-0 asks for nothing.
TEXT_REQUIRED = {"BSD-2-Clause", "BSD-3-Clause", "EPL-2.0", "MIT"}
ALLOWED = {"Apache-2.0", "MIT-0"} | TEXT_REQUIRED


@pytest.fixture(params=FUNCTIONS)
def artifact(request):
    return TOP / ".aws-sam" / "build" / request.param


def licences(listed):
    """The licences of each jar, by the jar's name in lib/, from the text of THIRD-PARTY.txt."""
    lines = re.findall(r"^(\S+):(\S+):(\S+) \| (.+?) \| \S+$", listed, re.MULTILINE)
    return {f"{group}.{name}-{version}.jar": names.split(" or ") for group, name, version, names in lines}


def unlisted(jars, listed):
    """The jars whose licence is not listed, and those that are listed without being there."""
    return sorted({jar.name for jar in jars} ^ set(licences(listed)))


def without_text(jars, listed, texts):
    """The jars that lack the text of a licence which asks for it."""
    lacking = []
    for jar in jars:
        if TEXT_REQUIRED.isdisjoint(licences(listed)[jar.name]):
            continue
        with zipfile.ZipFile(jar) as opened:
            inside = any(re.search(r"(^|/)LICENSE[^/]*$", name) for name in opened.namelist())
        group_and_name = re.match(r"(.+)-\d", jar.name)[1]
        beside = any(group_and_name in text.replace(":", ".").replace(",", " ").split() for text in texts)
        if not inside and not beside:
            lacking.append(jar.name)
    return lacking


def listed_in(artifact):
    return (artifact / "META-INF" / "THIRD-PARTY.txt").read_text()


def jars_in(artifact):
    return sorted((artifact / "lib").glob("*.jar"))


def texts_in(artifact):
    return [path.read_text() for path in (artifact / "META-INF" / "licenses").glob("*.txt")]


def test_holds_our_licence_and_notice(artifact):
    for name in ["LICENSE", "NOTICE"]:
        assert (artifact / "META-INF" / name).read_bytes() == (TOP / name).read_bytes()


def test_lists_the_licence_of_each_bundled_jar_and_of_no_other(artifact):
    jars = jars_in(artifact)
    assert len(jars) > 50
    assert unlisted(jars, listed_in(artifact)) == []


def test_every_licence_is_one_that_is_allowed(artifact):
    found = {name for names in licences(listed_in(artifact)).values() for name in names}
    assert found <= ALLOWED


def test_holds_the_text_of_each_licence_that_asks_for_it(artifact):
    assert without_text(jars_in(artifact), listed_in(artifact), texts_in(artifact)) == []


def test_each_of_our_own_jars_holds_the_licence(artifact):
    own = [jar for jar in jars_in(artifact) if jar.name.startswith("dev.stepstile.")]
    assert own
    for jar in own:
        with zipfile.ZipFile(jar) as opened:
            assert opened.read("META-INF/LICENSE") == (TOP / "LICENSE").read_bytes()
            assert "META-INF/NOTICE" in opened.namelist()


LISTED = "org.a:one:1.0 | MIT | https://a.example\norg.b:two:2.1 | BSD-3-Clause or Apache-2.0 | -\n"


@pytest.fixture
def jars(tmp_path):
    for name in ["org.a.one-1.0.jar", "org.b.two-2.1.jar"]:
        with zipfile.ZipFile(tmp_path / name, "w") as made:
            made.writestr("A.class", b"")
    return sorted(tmp_path.glob("*.jar"))


def test_the_check_of_the_list_finds_a_jar_that_is_not_in_it_and_one_of_another_version(jars):
    assert unlisted(jars, LISTED) == []
    assert unlisted(jars, LISTED.replace("org.a:one:1.0 | MIT", "org.a:one:1.0 |")) == ["org.a.one-1.0.jar"]
    assert unlisted(jars, LISTED.replace("2.1", "2.2")) == ["org.b.two-2.1.jar", "org.b.two-2.2.jar"]


def test_the_check_of_the_texts_finds_a_jar_without_one(jars):
    assert without_text(jars, LISTED, []) == ["org.a.one-1.0.jar", "org.b.two-2.1.jar"]
    assert without_text(jars, LISTED, ["org.a:one, org.c:three\n\nCopyright"]) == ["org.b.two-2.1.jar"]
    with zipfile.ZipFile(jars[1], "a") as made:
        made.writestr("META-INF/LICENSE.txt", b"BSD")
    assert without_text(jars, LISTED, ["org.a:one\n\nCopyright"]) == []
