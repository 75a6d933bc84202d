"""From a bundle's folder to what runs it."""

import importlib
import os
from typing import Any

from keras_rnn_kit.runtime.bundle import read_bundle
from keras_rnn_kit.runtime.kinds import KINDS


def load(path: str | os.PathLike[str], provider: str = "cpu", threads: int | None = None) -> Any:
    """Reads, checks and opens a bundle.

    Args:
        path: the bundle's folder.
        provider: `cpu`, `cuda`, or `auto`; see `open_session`.
        threads: how many threads an operator may use; None is one a core, and for what runs step
            by step one a megabyte of its file, since smaller steps don't gain from a second one.

    Returns:
        By what the bundle holds: a `LanguageModel`, a `Classifier`, a `Forecaster` or a `Tagger`.

    Raises:
        KitError: see `read_bundle` and `open_session`.
    """
    bundle = read_bundle(path)
    module, _, name = KINDS[bundle.kind].runner.partition(":")
    return getattr(importlib.import_module(module), name)(bundle, provider, threads)
