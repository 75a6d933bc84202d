"""What is in a corpus: frequencies, growth, lengths, unknown tokens."""

import os
from typing import TYPE_CHECKING, Any

from keras_rnn_kit.pictures.figure import log_scales, new_figure, whole_ticks

if TYPE_CHECKING:
    from keras_rnn_kit.text.statistics.results import TextStatistics

# Of tokens, bigrams and trigrams. Hollow and of three sizes, so that equal points are seen as such.
_MARKS = {
    1: ("tokens", {"marker": "o", "markersize": 5.5, "color": "C0"}),
    2: ("bigrams", {"marker": "s", "markersize": 4, "color": "C1"}),
    3: ("trigrams", {"marker": "^", "markersize": 2.5, "color": "C2"}),
}


def plot_text_statistics(statistics: "TextStatistics", path: str | os.PathLike[str]) -> None:
    """Draws what `text.text_statistics` found, as one PNG of four panels.

    They are the frequencies of n-grams by rank with Zipf's law, the growth of the vocabulary with
    Heaps' law, the lengths, and the share of unknown tokens by the size of the vocabulary. Points
    are what was counted, broken lines what was fitted, over the range of the fit.

    Raises:
        KitError: where matplotlib is missing; names the extra that brings it.
    """
    figure = new_figure(11, 8)
    figure.suptitle(
        f"{_number(statistics.texts, 'text')}, {_number(statistics.tokens, 'token')}, "
        f"{_number(statistics.types, 'type')}",
        fontsize=11,
    )
    panels = (_draw_ngrams, _draw_growth, _draw_lengths, _draw_unknown)
    for k, draw in enumerate(panels):
        axes = figure.add_subplot(2, 2, k + 1)
        draw(axes, statistics)
        axes.title.set_fontsize(10)
        axes.set_axisbelow(True)
        axes.grid(alpha=0.3)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)


def _draw_ngrams(axes: Any, statistics: "TextStatistics") -> None:
    for n, ngrams in statistics.ngrams.items():
        if not ngrams.types:
            continue
        name, mark = _MARKS[n]
        label = name if ngrams.zipf else f"{name} (no line fits)"
        style = {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 0.8}
        axes.plot(ngrams.ranks, ngrams.counts, label=label, **mark, **style)
        if law := ngrams.zipf:
            ends = [law.first, law.last]
            label = f"α = {ngrams.alpha:.2f}, ranks {law.first:,} to {law.last:,}"
            line = {"linestyle": "--", "linewidth": 1, "color": mark["color"], "zorder": 3}
            axes.plot(ends, [law(x) for x in ends], label=label, **line)
    log_scales(axes, "xy")
    axes.set_title("Frequency by rank, and Zipf's law: count ∝ rank$^{-α}$")
    axes.set_xlabel("rank (1 is the most frequent)")
    axes.set_ylabel("count")


def _draw_growth(axes: Any, statistics: "TextStatistics") -> None:
    tokens, types = zip(*statistics.growth, strict=True)
    label = "counted" if statistics.heaps else "counted (no line fits)"
    axes.plot(tokens, types, ".", color="C0", markersize=5, label=label)
    if law := statistics.heaps:
        ends = [law.first, law.last]
        label = f"K = {law.factor:.3g}, β = {law.exponent:.2f}"
        axes.plot(ends, [law(x) for x in ends], "--", color="C3", linewidth=1, label=label)
    log_scales(axes, "xy")
    axes.set_title("Growth of the vocabulary, and Heaps' law: types = K · tokens$^β$")
    axes.set_xlabel("tokens read")
    axes.set_ylabel("types among them")


def _draw_lengths(axes: Any, statistics: "TextStatistics") -> None:
    lengths = statistics.lengths
    # A bin [a, b) holds the whole numbers a to b − 1, so its bar reaches half a token to the left.
    edges = [edge - 0.5 for edge in lengths.edges]
    axes.stairs(lengths.counts, edges, fill=True, alpha=0.7)
    axes.axvline(lengths.mean, color="C3", linewidth=1, label=f"mean {lengths.mean:.1f}")
    median = lengths.percentiles[50]
    axes.axvline(median, color="k", linestyle=":", linewidth=1, label=f"median {median:,}")
    beyond = f"; {lengths.longer:,} longer ones are not drawn" if lengths.longer else ""
    axes.set_title(f"Lengths of {lengths.of}{beyond}")
    axes.set_xlabel("length (tokens)")
    axes.set_ylabel(lengths.of)
    if edges[-1] - edges[0] < 10:  # a bar or two, which would fill the picture
        axes.set_xlim(edges[0] - 5, edges[-1] + 5)
    whole_ticks(axes.xaxis)
    whole_ticks(axes.yaxis)


def _draw_unknown(axes: Any, statistics: "TextStatistics") -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_title("Out of vocabulary")
    axes.set_xlabel("V, most frequent training tokens that are known")
    axes.set_ylabel("unknown among the held-out tokens")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    if not statistics.out_of_vocabulary:
        axes.text(0.5, 0.5, "no token is held out", ha="center", transform=axes.transAxes)
        axes.set_xticks([])
        return
    sizes, rates = zip(*statistics.out_of_vocabulary, strict=True)
    label = (
        f"held out: the last {statistics.held_out_tokens:,} of "
        f"{_number(statistics.tokens, 'token')}"
    )
    axes.plot(sizes, rates, ".-", color="C0", markersize=5, linewidth=1, label=label)
    axes.set_ylim(-0.03, 1.03)
    log_scales(axes, "x")


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
