"""The wheel, built once for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from wheels import Wheel

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return Wheel(PROJECT, tmp_path_factory.mktemp("wheel"))
