"""N-gram language models: the perplexity that a recurrent network has to beat."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from keras_rnn_kit.arguments import positive_integer, positive_number
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.generation.checks import check_ids, id_array
from keras_rnn_kit.generation.generate import generate
from keras_rnn_kit.scores import Score
from keras_rnn_kit.text.ngrams.counts import Integers, count_ngrams, documents_of, id_vector
from keras_rnn_kit.text.ngrams.smoothing import (
    Discounts,
    Floats,
    Level,
    additive,
    discounted,
    estimate_discounts,
    own_discounts,
)

Smoothing = Literal["kneser-ney", "laplace", "none"]


class NGramModel:
    """Predicts a token from the n - 1 tokens before it; `NGramModel.fit` counts one.

    All V ids of the vocabulary share the probability, whether the text had them or not, as they do
    in a network's softmax. With "kneser-ney" and "laplace" each has a probability above 0, and
    they sum to 1 after any context; with "none" after each that was seen to go on.

    **Where a text begins** there are fewer than n - 1 tokens before a token. What is there makes
    the context, and the distribution of that lower order is taken: the second token is predicted
    by the first alone. Nothing is put in front of the text. To model how texts begin, encode them
    with `bos=True`; then `<bos>` is the first token of a context like any other.

    Attributes:
        order: n.
        vocabulary_size: V.
        smoothing: "kneser-ney", "laplace" or "none".
        discounts: with "kneser-ney", what is taken from counts of 1, of 2, and of 3 or more, for
            each order from 1 to n; else empty.
        ngrams: how many different n-grams the text had of each order from 1 to n.

    Example:
        >>> model = NGramModel.fit([0, 1, 0, 1, 0, 2], order=2, vocabulary_size=4)
        >>> model.distribution([0]).round(2)
        array([0.15, 0.48, 0.31, 0.06])
        >>> model.score([0, 1, 0, 3]).tokens
        3
    """

    def __init__(
        self,
        levels: Sequence[Level],
        vocabulary_size: int,
        smoothing: Smoothing,
        discounts: Sequence[Discounts] = (),
    ) -> None:
        self.order = len(levels)
        self.vocabulary_size = vocabulary_size
        self.smoothing = smoothing
        self.discounts = tuple(discounts)
        self.ngrams = tuple(len(level.keys) for level in levels)
        self._levels = tuple(levels)

    @classmethod
    def fit(
        cls,
        ids: Any,
        order: int,
        vocabulary_size: int,
        smoothing: Smoothing = "kneser-ney",
        *,
        alpha: float = 1.0,
        discounts: Literal["modified", "single"] | Sequence[float] = "modified",
    ) -> "NGramModel":
        """Counts the n-grams of a text.

        The kinds of smoothing, c being how often an n-gram was seen:

        - "none", maximum likelihood: c of the n-gram / c of its context. An n-gram that was never
          seen has probability 0, and so has everything after a context that was never seen.
        - "laplace": `(c + alpha) / (c of the context + alpha · V)`.
        - "kneser-ney", interpolated: `(a - D(a)) / (a of the context)`, and what the discounts D
          took goes to the distribution of one order less, from order 1 to the uniform one. In the
          highest order a is c. Below it, a is the number of different tokens seen to the left of
          the n-gram; for n-grams of two tokens or more, how often they begin a document is added,
          since no token can stand there. So n-grams that begin with `<bos>` keep their counts.

        Args:
            ids: [N] integers, or a list of documents, each such a vector; contexts don't cross
                from one to the next.
            order: n, the length of the longest n-gram; 1 knows no context.
            vocabulary_size: V.
            smoothing: see above.
            alpha: what "laplace" adds to each count.
            discounts: how "kneser-ney" discounts: "modified", three discounts an order, or
                "single", one, both estimated from the counts of counts (where the text is too
                small for that: 0.5, 1.0 and 1.5, or 0.5); or three numbers of one's own, for
                counts of 1, of 2, and of 3 or more.

        Raises:
            KitError: no ids, ids outside [0, V), or another argument out of its range.

        Source: S. F. Chen and J. Goodman, "An empirical study of smoothing techniques for language
        modeling", Computer Speech and Language 13, 1999.

        Example:
            >>> NGramModel.fit([0, 1, 0, 1, 0, 2], 2, 4, "none").distribution([0])
            array([0.        , 0.66666667, 0.33333333, 0.        ])
        """
        order = positive_integer("order", order)
        size = positive_integer("vocabulary_size", vocabulary_size)
        if not isinstance(smoothing, str) or smoothing not in get_args(Smoothing):
            raise KitError(
                f"smoothing must be one of {', '.join(get_args(Smoothing))}; received "
                f"smoothing={smoothing!r}. Pass smoothing='kneser-ney' for the strongest baseline."
            )
        alpha = positive_number("alpha", alpha)
        own = own_discounts(discounts)
        counts = count_ngrams(documents_of(ids, size), order, size)
        if smoothing != "kneser-ney":
            added = alpha if smoothing == "laplace" else 0.0
            return cls([additive(level, size, added) for level in counts], size, smoothing)
        levels, taken = [], []
        for n, level in enumerate(counts, start=1):
            adjusted = level.seen if n == order else level.continuations
            taken.append(own or estimate_discounts(adjusted, single=discounts == "single"))
            levels.append(discounted(level, adjusted, size, taken[-1]))
        return cls(levels, size, smoothing, taken)

    def log_probabilities(self, ids: npt.ArrayLike) -> Floats:
        """The log-probability of each token given those before it.

        Args:
            ids: [N], at least one; read as a text from its beginning, see the class.

        Returns:
            [N], natural logarithm; -inf where a token is held for impossible.

        Raises:
            KitError: no ids, or ids outside [0, V).

        Example:
            >>> model = NGramModel.fit([0, 1, 0, 1], order=2, vocabulary_size=2, smoothing="none")
            >>> np.exp(model.log_probabilities([0, 1, 1]))
            array([0.5, 1. , 0. ])
        """
        tokens = id_vector("ids", ids, self.vocabulary_size)
        if not len(tokens):
            raise KitError("ids must hold at least one token; received none. Pass a longer text.")
        chances = np.full(len(tokens), 1 / self.vocabulary_size)
        numbers = np.zeros(len(tokens) + 1, np.int64)  # of the n-gram that begins at each token
        for n, level in enumerate(self._levels[: len(tokens)], start=1):
            contexts = numbers[:-1]
            numbers = level.find(contexts, tokens[n - 1 :])
            lower = self._lower(chances[n - 1 :])
            chances[n - 1 :] = level.shares[numbers] + level.rests[contexts] * lower
        with np.errstate(divide="ignore"):
            return np.log(chances)

    def score(self, ids: npt.ArrayLike) -> Score:
        """Scores `ids [N]` as one text: N - 1 predictions, of each token but the first.

        The same tokens as `keras_rnn_kit.models.score` counts, so that an n-gram model and a
        network stand side by side. With smoothing "none" the result's `impossible` says how many
        tokens had probability 0.

        Raises:
            KitError: fewer than two tokens, or ids outside [0, V).

        Example:
            >>> model = NGramModel.fit([0, 1, 0, 1], order=2, vocabulary_size=2, smoothing="none")
            >>> model.score([0, 1, 1])
            Score(nats=inf, tokens=2, impossible=1)
        """
        tokens = id_vector("ids", ids, self.vocabulary_size)
        if len(tokens) < 2:
            raise KitError(
                f"scoring needs a vector of at least two tokens; received {len(tokens)}. Pass the "
                "ids of a longer text."
            )
        found = self.log_probabilities(tokens)[1:]
        return Score(float(-found.sum()), len(found), int(np.isneginf(found).sum()))

    def distribution(self, context: npt.ArrayLike) -> Floats:
        """The probabilities of all V tokens after a context.

        Args:
            context: ids [C], of which the last n - 1 count; none at the beginning of a text.

        Returns:
            [V], summing to 1.

        Raises:
            KitError: ids outside [0, V); with smoothing "none", a context that nothing was seen
                after.

        Example:
            >>> model = NGramModel.fit([0, 1, 0, 2], 2, 3, "laplace", alpha=0.5)
            >>> model.distribution([0]).round(3)
            array([0.143, 0.429, 0.429])
        """
        tokens = id_vector("context", context, self.vocabulary_size)
        tokens = tokens[max(0, len(tokens) - self.order + 1) :]
        chances = np.full(self.vocabulary_size, 1 / self.vocabulary_size)
        for n, level in enumerate(self._levels[: len(tokens) + 1], start=1):
            number = self._number(tokens[len(tokens) - n + 1 :])
            children, shares = level.children(number)
            chances = np.full(len(chances), self._lower(chances) * level.rests[number])
            chances[children] += shares
        if self.smoothing == "none" and not chances.any():
            raise KitError(
                f"a context must be followed by a token in the text that was counted; received "
                f"{tokens.tolist()}, which never is. Fit with smoothing='kneser-ney'."
            )
        return chances

    def step(self, tokens: npt.ArrayLike, states: Any = None) -> tuple[Floats, Integers]:
        """Reads one token a row, as `keras_rnn_kit.generation.generate` wants it.

        Args:
            tokens: ids [B].
            states: what the step before returned, the context of each row, [B, C] with C < n; None
                is the beginning of a text.

        Returns:
            logits [B, V], the log-probabilities of the token that follows, and the contexts after
            this token.

        Example:
            >>> model = NGramModel.fit([0, 1, 0, 1], order=2, vocabulary_size=2)
            >>> logits, states = model.step([0])
            >>> logits.shape, states
            ((1, 2), array([[0]]))
        """
        last = id_array("tokens", tokens)[:, None]
        contexts = last if states is None else np.concatenate([states, last], axis=1)
        contexts = contexts[:, max(0, contexts.shape[1] - self.order + 1) :]
        with np.errstate(divide="ignore"):
            logits = np.log(np.stack([self.distribution(context) for context in contexts]))
        return logits, contexts

    def generate(
        self,
        prompt: npt.ArrayLike,
        length: int,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | np.random.Generator | None = None,
        stop_id: int | None = None,
        forbidden: Iterable[int] = (),
    ) -> npt.NDArray[np.int32]:
        """Samples `length` tokens after a prompt.

        The arguments, the result [B, N] and the errors are those of
        `keras_rnn_kit.generation.generate`.

        Example:
            >>> model = NGramModel.fit([0, 1, 2, 0, 1, 2], order=3, vocabulary_size=3)
            >>> model.generate([0, 1], 4, temperature=0)
            array([[2, 0, 1, 2]], dtype=int32)
        """
        ids, states = id_array("prompt", prompt), None
        if ids.ndim in (1, 2) and ids.shape[-1] > 1:
            # Of a prompt's tokens only the last one asks for a distribution.
            check_ids("prompt", ids, self.vocabulary_size)
            ids, states = np.atleast_2d(ids)[:, -1:], np.atleast_2d(ids)[:, :-1]
        return generate(
            self.step,
            ids,
            length,
            states=states,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            stop_id=stop_id,
            forbidden=forbidden,
        )

    def _lower(self, chances: Floats) -> Floats | float:
        """What an order's rest is shared by: one order less, or all tokens alike."""
        return chances if self.smoothing == "kneser-ney" else 1 / self.vocabulary_size

    def _number(self, tokens: Integers) -> int:
        """The number of one n-gram; -1 where it was never seen."""
        number = np.zeros(1, np.int64)
        for n, level in enumerate(self._levels[: len(tokens)]):
            number = level.find(number, tokens[n : n + 1])
        return int(number[0])

    def __repr__(self) -> str:
        return (
            f"NGramModel(order={self.order}, vocabulary_size={self.vocabulary_size}, "
            f"smoothing={self.smoothing!r}, ngrams={self.ngrams})"
        )
