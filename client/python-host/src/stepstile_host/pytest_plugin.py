"""The pytest plugin of stepstile-host: the fixture ``run_step``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from stepstile_host.testing import EndedStep


@pytest.fixture
def run_step() -> Callable[..., EndedStep]:
    """Runs a step of a process handler to its end: see :func:`stepstile_host.testing.run_step`."""
    from stepstile_host import testing  # here, as pytest loads this module also where nothing of it is used

    return testing.run_step
