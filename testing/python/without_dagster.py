"""A pytest plugin for packages that must not need Dagster: the tests run as if it were not installed."""

import sys
from typing import Any

modules: dict[str, Any] = sys.modules
modules["dagster"] = None
modules["dagster_stepstile"] = None
