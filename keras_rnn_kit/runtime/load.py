"""From a bundle's folder to what runs it."""

import os

from keras_rnn_kit.runtime.bundle import read_bundle
from keras_rnn_kit.runtime.classifier import Classifier
from keras_rnn_kit.runtime.language_model import LanguageModel


def load(
    path: str | os.PathLike[str], provider: str = "cpu", threads: int | None = None
) -> LanguageModel | Classifier:
    """Reads, checks and opens a bundle.

    Args:
        path: the bundle's folder.
        provider: `cpu`, `cuda`, or `auto`; see `open_session`.
        threads: how many threads an operator may use; None is one a core for a classifier, and
            for a language model one a megabyte of its file, since smaller steps don't gain from a
            second one.

    Returns:
        A `LanguageModel` or a `Classifier`, by what the bundle holds.

    Raises:
        KitError: see `read_bundle` and `open_session`.
    """
    bundle = read_bundle(path)
    if bundle.kind == "language_model":
        return LanguageModel(bundle, provider, threads)
    return Classifier(bundle, provider, threads)
