"""The statistics of a corpus as a table to be read on a screen."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from keras_rnn_kit.text.statistics.power_law import PowerLaw
    from keras_rnn_kit.text.statistics.results import TextStatistics

_WIDTH = 96
_LISTED = 10  # n-grams and points that are shown of each list


def statistics_table(found: "TextStatistics") -> str:
    """The figures of `found` in some thirty lines."""
    return "\n\n".join(
        "\n".join(part)
        for part in (
            _sizes(found),
            _ngrams(found),
            _growth(found),
            _lengths(found),
            _unknown(found),
        )
    )


def _sizes(found: "TextStatistics") -> list[str]:
    empty = f" ({found.empty_texts:,} without a token)" if found.empty_texts else ""
    return [
        f"{found.texts:,} {'text' if found.texts == 1 else 'texts'}{empty}, "
        f"{found.tokens:,} tokens, {found.types:,} types"
    ]


def _ngrams(found: "TextStatistics") -> list[str]:
    lines = [
        f"{'n-grams':8}{'total':>13}{'types':>13}{'seen once':>13}   "
        "Zipf: count = C / rank^alpha, ranks, goodness"
    ]
    for n, ngrams in found.ngrams.items():
        lines.append(
            f"{n:<8}{ngrams.total:13,}{ngrams.types:13,}{ngrams.once:13,}   "
            + (
                f"alpha = {ngrams.alpha:.3f}, {_goodness(ngrams.zipf, 'ranks')}"
                if ngrams.zipf
                else "no fit: too few ranks, or all counts equal"
            )
        )
    lines += [f"{n:<8}not counted: too many types" for n in found.uncounted]
    lines.append("")
    for n, ngrams in found.ngrams.items():
        shown = (
            f"{' '.join(map(repr, gram)) if n > 1 else repr(gram[0])} {count:,}"
            for gram, count in ngrams.most_frequent[:_LISTED]
        )
        if ngrams.types:
            lines += _wrapped(f"most frequent, n = {n}: ", shown)
    return lines


def _growth(found: "TextStatistics") -> list[str]:
    law = found.heaps
    fit = (
        f"{law.factor:.3g} * tokens^{law.exponent:.3f}, {_goodness(law, 'tokens')}"
        if law
        else "no fit: too few tokens, or one type alone"
    )
    shown = [point for point in found.growth if _is_power_of_ten(point[0])]
    return [
        f"Heaps: types = {fit}" if law else f"Heaps: {fit}",
        *_columns(
            ("tokens", *(f"{tokens:,}" for tokens, _ in _with_last(shown, found.growth))),
            ("types", *(f"{types:,}" for _, types in _with_last(shown, found.growth))),
        ),
    ]


def _lengths(found: "TextStatistics") -> list[str]:
    lengths = found.lengths
    return [
        f"lengths of {lengths.of} in tokens ({lengths.number:,} of them): mean {lengths.mean:.1f}",
        *_columns(
            ("share", "least", *(f"{p}%" for p in lengths.percentiles), "most"),
            (
                "tokens",
                f"{lengths.shortest:,}",
                *(f"{length:,}" for length in lengths.percentiles.values()),
                f"{lengths.longest:,}",
            ),
        ),
    ]


def _unknown(found: "TextStatistics") -> list[str]:
    if not found.out_of_vocabulary:
        return ["out of vocabulary: no token is held out"]
    rates = found.out_of_vocabulary
    points = _with_last([point for point in rates if _is_power_of_ten(point[0])], rates)
    return [
        f"out of vocabulary: share of the last {found.held_out_tokens:,} tokens that are not among "
        f"the V most frequent of the {found.train_tokens:,} before",
        *_columns(
            ("V", *(f"{size:,}" for size, _ in points)),
            ("unknown", *(f"{rate:.2%}" for _, rate in points)),
        ),
    ]


def _goodness(law: "PowerLaw | None", unit: str) -> str:
    if law is None:
        return ""
    return (
        f"{unit} {law.first:,} to {law.last:,}, R2 = {law.r_squared:.3f}, "
        f"off by x{math.exp(law.error):.2f}"
    )


def _with_last(points: list, whole: Sequence) -> list:
    return points if points and points[-1] == whole[-1] else [*points, whole[-1]]


def _is_power_of_ten(number: int) -> bool:
    return str(number).rstrip("0") == "1"


def _columns(*rows: tuple[str, ...]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  "
        + row[0].ljust(widths[0])
        + "".join(
            "   " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)
        )
        for row in rows
    ]


def _wrapped(head: str, pieces: Iterable[str]) -> list[str]:
    lines = [head]
    for piece in pieces:
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines.append(" " * 4)
        lines[-1] += piece + "   "
    return [line.rstrip() for line in lines]
