"""How well a text was predicted: one total, and the figures that are made of it."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Score:
    """Total negative log-likelihood of `tokens` predictions, in nats.

    `impossible` counts the tokens among them that were held for impossible, with probability 0; a
    single one makes the total infinite.

    Example:

    >>> Score(nats=12.0, tokens=4).loss
    3.0
    """

    nats: float
    tokens: int
    impossible: int = 0

    @property
    def loss(self) -> float:
        """Nats a token."""
        return self.nats / self.tokens

    @property
    def perplexity(self) -> float:
        """`exp(nats / tokens)`: V for a uniform guess, 1 for certainty."""
        return math.inf if self.loss > 700 else math.exp(self.loss)

    @property
    def bits_per_token(self) -> float:
        """The same sum over `ln 2`; for a character model, bits per character."""
        return self.loss / math.log(2)
