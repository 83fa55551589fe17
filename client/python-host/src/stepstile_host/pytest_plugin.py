"""The pytest plugin of stepstile-host: the fixture ``run_step``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stepstile_host import testing


@pytest.fixture
def run_step() -> Callable[..., testing.EndedStep]:
    """Runs a step of a process handler to its end: see :func:`stepstile_host.testing.run_step`."""
    return testing.run_step
