"""Seeds random generators in each child: a generator that was seeded in the host has the same state in every fork."""

from __future__ import annotations

import ctypes
import os
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any


class Generators:
    """The generators that modules have as globals: found after code was loaded, and seeded in each child.

    These are instances of ``random.Random`` (also the module's own), of NumPy's ``RandomState`` (also its legacy global)
    and ``Generator``, PyTorch's, and the C library's. Other kinds, and generators in other objects, are not found; their
    owner can seed them by ``os.register_at_fork(after_in_child=...)``.
    """

    def __init__(self) -> None:
        self._found: list[Any] = []
        self._modules_seen = 0

    def look(self) -> None:
        """Called after code was loaded."""
        if len(sys.modules) == self._modules_seen:
            return
        self._modules_seen = len(sys.modules)
        self._found = list({id(generator): generator for generator in _globals()}.values())

    def seed(self) -> None:
        """Called in a child, before it runs the step."""
        for generator in self._found:
            try:
                _seed(generator)
            except Exception as problem:
                _warn(f"A {type(generator).__qualname__} could not be seeded", problem)
        torch_seed = getattr(sys.modules.get("torch"), "seed", None)
        if torch_seed is not None:
            try:
                torch_seed()  # of all devices; that of a GPU when it is initialised
            except Exception as problem:
                _warn("PyTorch's generators could not be seeded", problem)
        with suppress(AttributeError, OSError):  # a C library without them
            c = ctypes.CDLL(None)
            c.srandom(ctypes.c_uint(int.from_bytes(os.urandom(4), sys.byteorder)))
            c.srand48(ctypes.c_long(int.from_bytes(os.urandom(4), sys.byteorder)))


def _globals() -> Iterator[Any]:
    numpy = sys.modules.get("numpy.random")
    kinds = (
        random.Random,
        *(kind for name in ("RandomState", "Generator") if (kind := getattr(numpy, name, None))),
    )
    for module in list(sys.modules.values()):
        for value in list(getattr(module, "__dict__", {}).values()):
            if issubclass(type(value), kinds):  # not isinstance, which makes a lazy proxy load its object
                yield value


def _seed(generator: Any) -> None:
    if isinstance(generator, random.Random):
        generator.seed()
        return
    if hasattr(generator, "seed"):  # NumPy's RandomState; it can only seed its own kind of bit generator
        with suppress(TypeError):
            generator.seed()
            return
    bits = getattr(generator, "bit_generator", None) or generator._bit_generator
    bits.__setstate__(type(bits)().__reduce__()[2])  # also its seed sequence, from which others are spawned


def _warn(what: str, problem: Exception) -> None:
    sys.stderr.write(f"{what} ({type(problem).__name__}): it yields the same numbers as in other steps.\n")
