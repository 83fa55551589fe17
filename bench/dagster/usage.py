"""Processor time of processes and of all that they started, from /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_of_trees(roots: Mapping[str, int]) -> dict[str, float]:
    """Seconds by name: of each process, its living descendants, and those of them that have ended and were waited for."""
    of: dict[int, tuple[int, float]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended
            of[int(entry.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / _TICKS)
    children: dict[int, list[int]] = {}
    for process, (parent, _) in of.items():
        children.setdefault(parent, []).append(process)

    def total(process: int) -> float:
        own = of[process][1] if process in of else 0.0
        return own + sum(total(child) for child in children.get(process, ()))

    return {name: total(process) for name, process in roots.items()}
