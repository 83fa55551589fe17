"""What the documentation says of the executor's config is what there is, and the reverse."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dagster_stepstile.executor import stepstile_executor

DOCS = Path(__file__).parents[3] / "docs"


def options() -> dict[str, Any]:
    schema: Any = stepstile_executor.config_schema
    return dict(schema.config_type.fields)


def documented() -> dict[str, str]:
    """The options in the table of the executor's config, with the defaults that it tells."""
    text = (DOCS / "dagster-executor.md").read_text()
    rows = re.search(r"^\| config \| default \| meaning \|\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert rows
    found: dict[str, str] = {}
    for row in rows[1].splitlines():
        names, default = row.split("|")[1:3]
        found |= dict.fromkeys(re.findall(r"`(\w+)`", names), default.strip().strip("`"))
    return found


def test_each_option_of_the_executor_is_documented_and_each_that_is_documented_exists() -> None:
    assert set(documented()) == set(options())


def test_the_defaults_that_are_documented_are_the_defaults() -> None:
    for name, told in documented().items():
        field = options()[name]
        if field.default_provided and field.default_value is not None:
            default = field.default_value
            assert told == (default if isinstance(default, str) else json.dumps(default).replace('"', "")), (
                name
            )


def test_options_that_texts_and_messages_name_exist() -> None:
    named: set[str] = set()
    texts = [
        DOCS / "dagster.md",
        DOCS / "dagster-executor.md",
        *DOCS.parent.glob("orchestrators/dagster/src/dagster_stepstile/*.py"),
    ]
    for path in texts:
        text = " ".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text()).split())
        # 'max_concurrent' in the executor's config; the executor's config (`endpoint`)
        named |= set(re.findall(r"['`](\w+)(?:: \w+)?['`],? in the executor's config", text))
        named |= set(re.findall(r"the executor's config \([`'](\w+)[`']\)", text))
        # `max_concurrent: 3`, wherever it is said
        named |= set(re.findall(r"['`]([a-z]+(?:_[a-z]+)+): [^'`\n]+['`]", text))
        named |= set(re.findall(r"[Tt]he executor's ['`](\w+)['`]", text))
    assert len(named) > 4
    assert named <= set(options())


def test_the_packages_that_texts_say_to_install_are_there_under_these_names() -> None:
    checkout = DOCS.parent
    said = "\n".join(path.read_text() for path in (checkout / "README.md", *DOCS.glob("*.md")))
    image = (checkout / "functions" / "step" / "Dockerfile").read_text()
    folders = {
        folder
        for folder in re.findall(r"(?<=[ `=])(?:\./)?((?:client|orchestrators)/[\w-]+)(?=[ `])", said)
        if not (checkout / folder / "pom.xml").exists()  # of Java: its folder is not for pip
    }
    [packages] = re.findall(r'^ARG PACKAGES="(.*)"$', image, re.MULTILINE)
    projects = {folder: (checkout / folder / "pyproject.toml").read_text() for folder in packages.split()}
    assert len(projects) == 3
    assert folders == set(projects)
    for folder in projects:
        assert f"COPY {folder} /opt/stepstile/{folder}\n" in image
    names = {
        name for text in projects.values() for name in re.findall(r'^name = "(.*)"$', text, re.MULTILINE)
    }
    assert set(re.findall(r"'([\w-]+)\[aws\]'", said)) <= names
