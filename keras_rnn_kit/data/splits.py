"""Labelled examples cut into train, validation and test parts; NumPy alone."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from keras_rnn_kit.errors import KitError

Text = TypeVar("Text")
Label = TypeVar("Label", bound=Hashable)
PARTS = ("train", "validation", "test")


def split(
    texts: Sequence[Text],
    labels: Sequence[Label],
    *,
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    stratify: bool = True,
) -> tuple[
    tuple[list[Text], list[Label]], tuple[list[Text], list[Label]], tuple[list[Text], list[Label]]
]:
    """Three `(texts, labels)` parts, shuffled, that hold every example once.

    Without `stratify` it is the customary protocol: `default_rng(seed)` permutes the examples, and
    the parts are its beginning, middle and end. With it each class is cut so by itself, so that
    every part has the classes in the same shares. A part's size is rounded to the nearest whole
    (within each class when stratified). The parts depend on the order of the examples and on
    `seed` alone.

    Args:
        texts: N examples of any kind.
        labels: N labels of two classes or more.
        fractions: of train, validation and test; they sum to 1, and a part of 0 is empty.
        seed: of the permutations.
        stratify: True to cut each class by itself.

    Raises:
        KitError: the counts differ, there is one class alone, the fractions are wrong, or a part
            with a fraction would be left without an example.

    Example:
        >>> parts = split(list("abcdefghij"), [0, 1] * 5, fractions=(0.6, 0.2, 0.2))
        >>> [(len(texts), sorted(labels)) for texts, labels in parts]
        [(6, [0, 0, 0, 1, 1, 1]), (2, [0, 1]), (2, [0, 1])]
    """
    _check_counts(texts, labels)
    bounds = _cumulative(fractions)
    groups: dict[Label, list[int]] = {}
    for index, label in enumerate(labels):
        groups.setdefault(label, []).append(index)
    if len(groups) < 2:
        raise KitError(
            f"labels must name two classes or more; received {len(texts)} examples of "
            f"{[str(label) for label in groups]}. Add examples of another class."
        )

    rng = np.random.default_rng(seed)
    cuts = list(groups.values()) if stratify else [list(range(len(texts)))]
    pieces: tuple[list[np.ndarray], ...] = ([], [], [])
    for group in cuts:
        order = np.array(group)[rng.permutation(len(group))]
        edges = [0, *(round(bound * len(group)) for bound in bounds), len(group)]
        for k, piece in enumerate(pieces):
            piece.append(order[edges[k] : edges[k + 1]])

    parts = []
    for name, fraction, piece in zip(PARTS, fractions, pieces, strict=True):
        chosen = np.concatenate(piece)
        if fraction and not chosen.size:
            raise KitError(
                f"the {name} part must hold an example; received {len(texts)} examples and "
                f"fractions={tuple(fractions)!r}. Add examples, or pass 0 for that part."
            )
        if stratify:  # the classes stand one after the other
            chosen = rng.permutation(chosen)
        parts.append(([texts[i] for i in chosen], [labels[i] for i in chosen]))
    return parts[0], parts[1], parts[2]


def drop_duplicates(
    texts: Sequence[Text], labels: Sequence[Label]
) -> tuple[list[Text], list[Label], int]:
    """The examples without later copies of a text, and how many were dropped.

    A copy that falls into another part than its twin makes the test figures too good. The first
    copy keeps its label, also where a later one has another.

    Raises:
        KitError: the counts differ.

    Example:
        >>> drop_duplicates(["good", "bad", "good"], [1, 0, 1])
        (['good', 'bad'], [1, 0], 1)
    """
    _check_counts(texts, labels)
    first: dict[Text, Label] = {}
    for text, label in zip(texts, labels, strict=True):
        first.setdefault(text, label)
    return list(first), list(first.values()), len(texts) - len(first)


def _check_counts(texts: Sequence[Text], labels: Sequence[Label]) -> None:
    if len(texts) != len(labels):
        raise KitError(
            f"every text needs one label; received {len(texts)} texts and {len(labels)} labels. "
            "Pass as many labels as texts."
        )


def _cumulative(fractions: Sequence[float]) -> tuple[float, float]:
    """Where validation and test begin, as shares of the whole."""
    values = [float(fraction) for fraction in fractions]
    # 1e-6 lets a person write thirds with seven digits.
    if len(values) != 3 or min(values) < 0 or not abs(sum(values) - 1) < 1e-6:
        raise KitError(
            f"fractions must be three shares of 0 or more that sum to 1; received "
            f"fractions={tuple(fractions)!r}. Pass such as (0.8, 0.1, 0.1)."
        )
    return values[0], values[0] + values[1]
