"""Labelled examples cut into train, validation and test parts; NumPy alone."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

import numpy as np

from keras_rnn_kit.data.checks import PARTS, cumulative_fractions
from keras_rnn_kit.errors import KitError

Text = TypeVar("Text")
Label = TypeVar("Label", bound=Hashable)


def split(
    texts: Sequence[Text],
    labels: Sequence[Label],
    *,
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    stratify: bool = True,
    groups: Sequence[Hashable] | None = None,
) -> tuple[
    tuple[list[Text], list[Label]], tuple[list[Text], list[Label]], tuple[list[Text], list[Label]]
]:
    """Three `(texts, labels)` parts, shuffled, that hold every example once.

    Without `stratify` it is the customary protocol: `default_rng(seed)` permutes the examples, and
    the parts are its beginning, middle and end. With it each class is cut so by itself, so that
    every part has the classes in the same shares. A part's size is rounded to the nearest whole
    (within each class when stratified). The parts depend on the order of the examples and on
    `seed` alone.

    With `groups` all examples of a group land in one part, and sizes and class shares are as near
    to what is asked as a search finds. What it makes small is the sum of `(count − wanted)² /
    wanted` over the parts, and over the classes when stratified: the groups are dealt out one by
    one, the largest first, and then moved singly for as long as that helps.

    Args:
        texts: N examples of any kind.
        labels: N labels of two classes or more.
        fractions: of train, validation and test; they sum to 1, and a part of 0 is empty.
        seed: of the permutations.
        stratify: True to cut each class by itself.
        groups: N names or numbers, equal for examples that belong together: reviews of one film,
            texts of one author. None lets every example stand alone.

    Raises:
        KitError: the counts differ, there is one class alone, the fractions are wrong, or a part
            with a fraction would be left without an example.

    Example:
        >>> parts = split(list("abcdefghij"), [0, 1] * 5, fractions=(0.6, 0.2, 0.2))
        >>> [(len(texts), sorted(labels)) for texts, labels in parts]
        [(6, [0, 0, 0, 1, 1, 1]), (2, [0, 1]), (2, [0, 1])]
        >>> films = ["Alien"] * 4 + ["Brazil"] * 2 + ["Cube"] * 2
        >>> parts = split(films, [0, 1] * 4, fractions=(0.5, 0.25, 0.25), groups=films)
        >>> sorted(sorted(set(texts)) for texts, _ in parts)
        [['Alien'], ['Brazil'], ['Cube']]
    """
    _check_counts(texts, labels)
    if groups is not None and len(groups) != len(texts):
        raise KitError(
            f"every text needs one group; received {len(texts)} texts and {len(groups)} groups. "
            "Pass as many groups as texts."
        )
    bounds = cumulative_fractions(fractions)
    classes = _numbered(labels)
    if len(texts) == 0 or classes.max() == 0:
        raise KitError(
            f"labels must name two classes or more; received {len(texts)} examples of "
            f"{[str(label) for label in dict.fromkeys(labels)]}. Add examples of another class."
        )

    rng = np.random.default_rng(seed)
    strata = classes if stratify else np.zeros_like(classes)
    if groups is None:
        pieces = _cut(strata, bounds, rng)
    else:
        part = _deal(_numbered(groups), strata, np.array(fractions, np.float64), rng)
        pieces = [np.flatnonzero(part == k) for k in range(len(PARTS))]

    parts = []
    for name, fraction, chosen in zip(PARTS, fractions, pieces, strict=True):
        if fraction and not chosen.size:
            among = "" if groups is None else f" in {len(set(groups))} groups"
            raise KitError(
                f"the {name} part must hold an example; received {len(texts)} examples{among} and "
                f"fractions={tuple(fractions)!r}. Add examples, or pass 0 for that part."
            )
        if stratify or groups is not None:  # classes, or groups, stand one after the other
            chosen = rng.permutation(chosen)
        parts.append(([texts[i] for i in chosen], [labels[i] for i in chosen]))
    return parts[0], parts[1], parts[2]


def drop_duplicates(
    texts: Sequence[Text], labels: Sequence[Label]
) -> tuple[list[Text], list[Label], int]:
    """The examples without later copies of a text, and how many were dropped.

    A copy that falls into another part than its twin makes the test figures too good. The first
    copy keeps its label, also where a later one has another. For parts that were split by others
    there is `drop_overlap`.

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


def plain_text(text: str) -> str:
    """The text without regard to case, and with one space where it has any white space.

    Example:
        >>> plain_text("  A GOOD\\n film ")
        'a good film'
    """
    return " ".join(text.casefold().split())


def drop_overlap(
    texts: Sequence[Text],
    labels: Sequence[Label],
    *held_out: Sequence[Text],
    key: Callable[[Text], Hashable] | None = plain_text,  # type: ignore[assignment]
) -> tuple[list[Text], list[Label], int]:
    """The training examples whose text stands in no held-out part, and how many were dropped.

    A model that has seen a test text may know it by heart, which makes the test figures too good.
    IMDB's reviews have more than a hundred such texts. The held-out parts stay as they are, so
    that figures on them compare with those of others.

    Args:
        texts, labels: N training examples.
        held_out: the texts of the validation part, of the test part, ...
        key: texts with equal keys are the same: case and white space are no difference by default.
            None compares the texts as they are.

    Returns:
        The texts and labels that stay, in order, and how many went.

    Raises:
        KitError: the counts differ, or no training example would stay.

    Example:
        >>> drop_overlap(["A good film.", "Dull."], [1, 0], ["a good  film."], ["Bad."])
        (['Dull.'], [0], 1)
    """
    _check_counts(texts, labels)
    seen = {text if key is None else key(text) for part in held_out for text in part}
    stay = [i for i, text in enumerate(texts) if (text if key is None else key(text)) not in seen]
    if len(texts) and not stay:
        raise KitError(
            f"a training text must be left that stands in no held-out part; received {len(texts)} "
            "texts that all do. Split the examples anew, after drop_duplicates, or pass "
            "--no-drop-duplicates to keep them."
        )
    return [texts[i] for i in stay], [labels[i] for i in stay], len(texts) - len(stay)


def _check_counts(texts: Sequence[Any], labels: Sequence[Any]) -> None:
    if len(texts) != len(labels):
        raise KitError(
            f"every text needs one label; received {len(texts)} texts and {len(labels)} labels. "
            "Pass as many labels as texts."
        )


def _numbered(names: Sequence[Hashable]) -> np.ndarray:
    """A number for each name, in the order of their first use, `[N]`."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], np.int64)


def _cut(strata: np.ndarray, bounds: tuple[float, float], rng: Any) -> list[np.ndarray]:
    """The examples of each part, every stratum permuted and cut by itself."""
    pieces: list[list[np.ndarray]] = [[] for _ in PARTS]
    for stratum in range(int(strata.max()) + 1):
        members = np.flatnonzero(strata == stratum)
        order = members[rng.permutation(members.size)]
        edges = [0, *(round(bound * order.size) for bound in bounds), order.size]
        for k, piece in enumerate(pieces):
            piece.append(order[edges[k] : edges[k + 1]])
    return [np.concatenate(piece) for piece in pieces]


def _deal(groups: np.ndarray, strata: np.ndarray, fractions: np.ndarray, rng: Any) -> np.ndarray:
    """The part of each example, one for all of a group."""
    counts = np.zeros((groups.max() + 1, strata.max() + 1))  # [groups, strata]
    np.add.at(counts, (groups, strata), 1)
    open_parts = np.flatnonzero(fractions)
    wanted = fractions[open_parts, None] * counts.sum(axis=0)  # [parts, strata]
    have = np.zeros_like(wanted)
    part = np.full(len(counts), -1)

    mixed = rng.permutation(len(counts))  # so that chance orders groups of one size
    order = mixed[np.argsort(-counts[mixed].sum(axis=1), kind="stable")]
    moved = True
    while moved:
        moved = False
        for group in order:
            size = counts[group]
            before = part[group]
            if before >= 0:
                have[before] -= size
            # By how much the sum grows where the group joins a part.
            growth = ((2 * (have - wanted) + size) * size / wanted).sum(axis=1)
            best = int(growth.argmin())
            # A gain beyond rounding, or it would go to and fro for ever.
            if before < 0 or growth[best] < growth[before] - 1e-9 * size.sum():
                part[group], moved = best, True
            have[part[group]] += size
    return open_parts[part][groups]
