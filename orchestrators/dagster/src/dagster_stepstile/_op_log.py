"""Writes what steps print and log into the log of the op that runs them."""

from __future__ import annotations

import sys

from dagster_stepstile.op_context import Context
from stepstile import LogPage, log_lines
from stepstile.log_lines import Logged, Stderr, Stdout

_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


def write_page(context: Context, page: LogPage) -> None:
    """Writes a page of a step's log: its output to this process's stdout and stderr, its log messages to the op's log."""
    for line in map(log_lines.decode, page.lines):
        if isinstance(line, Stdout):
            sys.stdout.write(f"[{page.key}] {line.text}\n")
        elif isinstance(line, Stderr):
            sys.stderr.write(f"[{page.key}] {line.text}\n")
        elif isinstance(line, Logged):
            level = line.level.lower() if line.level.upper() in _LEVELS else "info"
            context.log.log(level, f"[{page.key}] {line.message}")
