"""Pairs of texts, such as a sentence and its translation: read, split, and grouped by source."""

import math
import os
from collections.abc import Iterable, Sequence

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import chunks_of
from keras_rnn_kit.text.reading.parts import lines

Pair = tuple[str, str]  # the source, the target


def load_pairs(path: str | os.PathLike[str], *, encoding: str = "utf-8") -> list[Pair]:
    """The pairs of a tab-separated file, `source<tab>target`, one a line, in their order.

    White space around a text is taken off. Columns after the second, such as the attributions of
    Tatoeba's files, are not read. A file whose name ends in `.gz` is unpacked.

    Args:
        path: the file; it has no header.
        encoding: how it is encoded.

    Raises:
        KitError: for a file that can't be read or has no line, and for a line without a tab or
            with an empty side, by its number.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "pairs.tsv"
        >>> _ = path.write_text("Go.\\tVa !\\nHi.\\tSalut !\\n")
        >>> load_pairs(path)
        [('Go.', 'Va !'), ('Hi.', 'Salut !')]
    """
    pairs = []
    for number, line in enumerate(lines(chunks_of(path, encoding)), 1):
        sides = [cell.strip() for cell in line.split("\t")][:2]
        if len(sides) < 2:
            raise KitError(
                f"{path}, line {number}: a pair must be two texts with a tab between them; "
                f"received {_short(line)}. Write source<tab>target, or take the line out."
            )
        if not all(sides):
            side = "source" if not sides[0] else "target"
            raise KitError(
                f"{path}, line {number}: both sides of a pair must have text; received an empty "
                f"{side} ({_short(line)}). Fill it in, or take the line out."
            )
        pairs.append((sides[0], sides[1]))
    if not pairs:
        raise KitError(f"{path} must hold pairs; received an empty file. Check the path.")
    return pairs


def split_pairs(
    pairs: Sequence[Pair],
    fractions: Sequence[float] = (0.9, 0.05, 0.05),
    seed: int = 0,
) -> list[list[Pair]]:
    """Training, validation and test pairs; no source stands in two of them.

    The distinct sources are shuffled with `numpy.random.default_rng(seed)` and cut by the
    fractions, each count rounded to the nearest; a source takes all its targets along. Within a
    part the pairs keep their order.

    Args:
        pairs: `(source, target)` each.
        fractions: of the distinct sources; three shares of 0 or more that sum to 1.
        seed: of the shuffling.

    Raises:
        KitError: the fractions are wrong, or a part with a fraction would be left without a source.

    Example:
        >>> pairs = [("Run!", "Cours !"), ("Run!", "Courez !"), ("Hi.", "Salut !")]
        >>> split_pairs(pairs, (0.5, 0.0, 0.5), seed=1)
        [[('Run!', 'Cours !'), ('Run!', 'Courez !')], [], [('Hi.', 'Salut !')]]
    """
    shares = [float(fraction) for fraction in fractions]
    # 1e-6 lets a person write thirds with seven digits.
    if len(shares) != 3 or not min(shares) >= 0 or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise KitError(
            f"fractions must be three shares of 0 or more that sum to 1; received "
            f"fractions={tuple(fractions)!r}. Pass such as (0.9, 0.05, 0.05)."
        )
    sources = list(dict.fromkeys(source for source, _ in pairs))
    bounds = [round(len(sources) * share) for share in (shares[0], shares[0] + shares[1])]
    order = np.random.default_rng(seed).permutation(len(sources))
    part_of = {sources[i]: int(np.searchsorted(bounds, k, "right")) for k, i in enumerate(order)}
    parts: list[list[Pair]] = [[], [], []]
    for pair in pairs:
        parts[part_of[pair[0]]].append(pair)
    for name, part, share in zip(("training", "validation", "test"), parts, shares, strict=True):
        if share and not part:
            raise KitError(
                f"every part with a fraction must get a source; received {len(sources)} distinct "
                f"sources, of which {name} would get none. Pass more pairs, or a fraction of 0."
            )
    return parts


def references(pairs: Iterable[Pair]) -> dict[str, list[str]]:
    """All distinct targets of each source, in the order in which they come.

    Example:
        >>> references([("Run!", "Cours !"), ("Hi.", "Salut !"), ("Run!", "Courez !")])
        {'Run!': ['Cours !', 'Courez !'], 'Hi.': ['Salut !']}
    """
    found: dict[str, dict[str, None]] = {}
    for source, target in pairs:
        found.setdefault(source, {})[target] = None
    return {source: list(targets) for source, targets in found.items()}


def _short(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")
