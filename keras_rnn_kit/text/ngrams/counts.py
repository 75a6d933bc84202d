"""Counts of n-grams of any order over any vocabulary, in sorted arrays; NumPy alone.

An n-gram is numbered by its place among the sorted keys of its order. Its key is the number of its
context, the first n - 1 tokens, times V, plus its last token. So a key stays below
(number of contexts) · V whatever the order, and the n-grams of one context lie side by side.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation.checks import check_ids, id_array

Integers = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class Counts:
    """The different n-grams of one order, by rising key.

    Attributes:
        keys: [M].
        contexts: the number of different (n - 1)-grams; 1 for n = 1, the empty one.
        seen: how often each n-gram is in the texts, [M].
        continuations: how many different tokens stand to its left; for n > 1, how often it begins
            a document is added, since nothing can stand to the left of it there. [M].
    """

    keys: Integers
    contexts: int
    seen: Integers
    continuations: Integers


def count_ngrams(documents: Sequence[Integers], order: int, size: int) -> list[Counts]:
    """The n-grams of 1, 2, ..., `order` tokens in documents of ids in [0, `size`).

    No n-gram crosses from one document to the next. The highest order has no continuations, which
    are counted in the order above, and gets zeros.

    Example:
        >>> unigrams, bigrams = count_ngrams([np.array([0, 1, 0, 1])], 2, size=3)
        >>> bigrams.keys, bigrams.seen  # 0·3 + 1 and 1·3 + 0
        (array([1, 3]), array([2, 1]))
        >>> unigrams.continuations
        array([1, 1])
    """
    ids = np.concatenate(documents)
    lengths = np.array([len(document) for document in documents])
    begins = np.cumsum(lengths) - lengths
    left = np.repeat(begins + lengths, lengths) - np.arange(
        len(ids)
    )  # tokens to the document's end
    numbers = np.zeros(len(ids), np.int64)  # of the (n - 1)-gram that begins at each token
    found: list[Counts] = []
    contexts = 1
    for n in range(1, order + 1):
        starts = np.flatnonzero(left >= n)
        keys, first, inverse, seen = np.unique(
            numbers[starts] * size + ids[starts + n - 1],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        if found:
            # Each n-gram is one different left neighbor of its own last n - 1 tokens.
            continuations = np.bincount(numbers[starts[first] + 1], minlength=contexts)
            if n > 2:
                beginning = numbers[begins[lengths >= n - 1]]
                continuations += np.bincount(beginning, minlength=contexts)
            found[-1] = dataclasses.replace(found[-1], continuations=continuations)
        found.append(Counts(keys, contexts, seen, np.zeros_like(seen)))
        numbers[starts] = inverse
        contexts = len(keys)
    return found


def documents_of(ids: Any, size: int) -> list[Integers]:
    """One vector, or each of a list of vectors; together they hold a token."""
    if isinstance(ids, (list, tuple)) and ids and hasattr(ids[0], "__len__"):
        documents = [id_vector(f"ids[{i}]", document, size) for i, document in enumerate(ids)]
    else:
        documents = [id_vector("ids", ids, size)]
    if not any(map(len, documents)):
        raise KitError("ids must hold at least one token to count; received none. Pass a text.")
    return documents


def id_vector(name: str, ids: Any, size: int) -> Integers:
    """`ids` as int64 [N], all in [0, `size`); anything else is a `KitError` that names them."""
    array = id_array(name, ids)
    if array.ndim != 1:
        raise KitError(
            f"{name} must be a vector of ids [N]; received shape {list(array.shape)}. Pass the ids "
            "of one text, or, to fit, a list of such vectors."
        )
    check_ids(name, array, size)
    return array
