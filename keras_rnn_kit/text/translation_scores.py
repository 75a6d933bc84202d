"""How good translations are, beside all the translations that people gave."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras_rnn_kit.errors import KitError


@dataclasses.dataclass(frozen=True)
class TranslationScores:
    """What `score_translations` found.

    Attributes:
        exact: the share of translations that are one of their references, token by token.
        error_rate: edits that lead to the nearest reference, per token of it.
        length_error: tokens too many or too few, the mean over the translations, each beside the
            reference that is nearest in length.
        by_length: exact and error rate by the length of the source in tokens, and how many there
            are: `{length: (exact, error_rate, count)}`.
    """

    exact: float
    error_rate: float
    length_error: float
    by_length: Mapping[int, tuple[float, float, int]]


def score_translations(
    sources: Sequence[str],
    translations: Sequence[str],
    references: Sequence[Sequence[str]],
    tokenize: Callable[[str], list[str]],
    tokenize_source: Callable[[str], list[str]] | None = None,
) -> TranslationScores:
    """Scores N translations against all references of each.

    Args:
        sources: what was translated.
        translations: one of each source.
        references: one or more of each source.
        tokenize: cuts a translation and its references.
        tokenize_source: cuts a source; None cuts it as a translation.

    Raises:
        KitError: there are none, the counts differ, or a source has no reference.

    Example:
        >>> scores = score_translations(["Go.", "Hi."], ["Va", "Bon jour"], [["Va"], ["Jour"]],
        ...                             str.split)
        >>> scores.exact, scores.error_rate, scores.length_error, dict(scores.by_length)
        (0.5, 1.0, 0.5, {1: (0.5, 1.0, 2)})
    """
    _check(sources, translations, references)
    by_length: dict[int, list[tuple[int, int, int]]] = {}
    missed = 0
    for source, translation, given in zip(sources, translations, references, strict=True):
        written, wanted = tokenize(translation), [tokenize(one) for one in given]
        edits, size = min((edit_distance(written, one), len(one)) for one in wanted)
        missed += min(abs(len(written) - len(one)) for one in wanted)
        length = len((tokenize_source or tokenize)(source))
        by_length.setdefault(length, []).append((int(edits == 0), edits, size))
    everything = [one for some in by_length.values() for one in some]
    exact, error_rate, count = _summed(everything)
    return TranslationScores(
        exact,
        error_rate,
        missed / count,
        {length: _summed(by_length[length]) for length in sorted(by_length)},
    )


def bleu(translations: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """BLEU of N translations, 0 to 100, against all references of each; by `sacrebleu`.

    It is the corpus's BLEU as sacrebleu has it by default: up to 4-grams, its own tokenizer `13a`
    on plain texts, case kept, exponential smoothing. White space of any kind, such as the narrow
    no-break space before a French sign, counts as a space.

    Raises:
        KitError: there are none, the counts differ, a translation has no reference, or sacrebleu is
            missing; names the extra that brings it.

    Source: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation", 2002;
    Post, "A Call for Clarity in Reporting BLEU Scores", 2018.
    """
    _check(translations, translations, references)
    try:
        from sacrebleu.metrics.bleu import BLEU
    except ImportError as error:
        raise KitError(
            f"BLEU needs sacrebleu; received {error}. Run `pip install keras-rnn-kit[translation]`."
        ) from error
    most = max(map(len, references))
    # sacrebleu wants as many references of each; None stands where there are no more.
    columns: Any = [
        [_spaced(one[k]) if k < len(one) else None for one in references] for k in range(most)
    ]
    score: float = BLEU().corpus_score([_spaced(one) for one in translations], columns).score
    return score


def edit_distance(first: Sequence[str], second: Sequence[str]) -> int:
    """The fewest tokens to put in, take out or replace that make one sequence of the other.

    Source: Levenshtein, "Binary Codes Capable of Correcting Deletions, Insertions, and Reversals",
    1966.

    Example:
        >>> edit_distance("kitten", "sitting")
        3
    """
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(second, 1):
            change = before + (left != right)
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, change)
    return row[-1]


def _summed(scored: Sequence[tuple[int, int, int]]) -> tuple[float, float, int]:
    """`(exact, error rate, count)` of `(exact or not, edits, tokens of the reference)` each."""
    exact, edits, tokens = (sum(column) for column in zip(*scored, strict=True))
    return exact / len(scored), edits / max(1, tokens), len(scored)


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _check(
    sources: Sequence[str], translations: Sequence[str], references: Sequence[Sequence[str]]
) -> None:
    counts = len(sources), len(translations), len(references)
    if not translations or len(set(counts)) > 1:
        raise KitError(
            "sources, translations and references must be as many, and one at least; received "
            f"{counts[0]}, {counts[1]} and {counts[2]}. Pass one of each for each source."
        )
    for number, given in enumerate(references):
        if not given:
            raise KitError(
                f"every source must have a reference; received none for {sources[number]!r} "
                f"(number {number}, the first is 0). Leave it out."
            )
