"""What is published: the wheel."""

from __future__ import annotations

from pathlib import Path

import pytest
from wheels import Wheel

import stepstile

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return Wheel(PROJECT, tmp_path_factory.mktemp("wheel"))


def test_has_its_package_typed_and_licensed_and_nothing_else(wheel: Wheel) -> None:
    assert wheel.packages == {"stepstile"}
    assert "stepstile/py.typed" in wheel.files
    assert wheel.is_licensed


def test_needs_python_alone_and_botocore_to_sign_for_aws(wheel: Wheel) -> None:
    used = {"opentelemetry"}  # where the program has loaded it: see test_traces.py
    assert wheel.foreign_imports == {"botocore"} | used
    assert wheel.requires == {"botocore>=1.34; extra == 'aws'"}


def test_is_imported_where_nothing_else_is_installed(wheel: Wheel) -> None:
    modules = [name.removesuffix(".py").replace("/", ".") for name in wheel.sources]
    assert len(modules) > 5
    wheel.run("-c", "import importlib; [*map(importlib.import_module, %r)]" % modules)


def test_every_public_name_is_there() -> None:
    for name in stepstile.__all__:
        assert getattr(stepstile, name) is not None
