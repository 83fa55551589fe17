"""Environment variables of a step: the worker's own, those of the project's ``.env``, and those named in the executor's
config."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

from dotenv import dotenv_values

_UNSET = re.compile(r'fetch the environment variable "([^"]+)" which is not set')


def read_project_file(note: Callable[[str], None]) -> None:
    """Loads ``.env`` of the host's working directory before user code is imported, as `dagster dev` does."""
    path = os.path.abspath(".env")
    note(path)
    os.environ.update(_read(path))


def of_run(shared: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a run's steps in addition to the worker's own: those of ``.env`` in the folder where the run was
    launched, on the same machine, and those named in the executor's config."""
    file = shared["env_file"]
    return {**(_read(file) if file else {}), **shared["environment"]}


def _read(path: str) -> dict[str, str]:
    if not os.path.isfile(path):
        return {}
    return {name: value for name, value in dotenv_values(path).items() if value is not None}


@contextmanager
def having(variables: Mapping[str, str]) -> Generator[None, None, None]:
    """Sets these variables temporarily: a host serves several runs."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def missing(problem: Any) -> str | None:
    """The error for a config with variables that are not set; None if it is invalid for another reason."""
    errors: Iterable[Any] = getattr(problem, "errors", None) or ()
    names = sorted({name for error in errors for name in _UNSET.findall(str(getattr(error, "message", "")))})
    if not names:
        return None
    which = f"the environment variable {names[0]} is" if len(names) == 1 else f"{', '.join(names)} are"
    return (
        f"The job's config reads values from the environment, and on the worker {which} not set. On one machine: set them"
        " in .env beside the handlers' configuration, or in its 'environment', or where 'stepstile local' is started,"
        " with their names in 'inherit'. On AWS: set them on the step function (ENV in its image, or its configuration)."
        " Variables that are not secret may be listed in 'env_vars' of the executor's config."
    )
