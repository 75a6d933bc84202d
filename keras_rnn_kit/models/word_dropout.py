"""Words that training leaves out."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_rnn_kit.arguments import rate as checked_rate


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class WordDropout(keras.layers.Layer):
    """In training, a share of the tokens `[B, T]` is read as `<unk>`, drawn anew for each.

    A network that has met gaps leans on no single word; and it has met `<unk>`, which the texts
    that the vocabulary was built of don't hold, and others do.

    Args:
        rate: the share, in [0, 1).
        unk_id: the id of `<unk>`.
        specials: ids that are never replaced.
        seed: of what is drawn.

    Raises `KitError` for a rate outside [0, 1).

    Source: Iyyer et al., "Deep Unordered Composition Rivals Syntactic Methods for Text
    Classification", 2015, who drop the words and put nothing in their place; Bowman et al.,
    "Generating Sentences from a Continuous Space", 2016, who put `<unk>`.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models.word_dropout import WordDropout
    >>> tokens = WordDropout(0.5, seed=0)(np.full((1, 1000), 9), training=True)
    >>> sorted(set(np.asarray(tokens)[0].tolist())), 400 < int((tokens == 1).numpy().sum()) < 600
    ([1, 9], True)
    """

    def __init__(
        self,
        rate: float,
        unk_id: int = 1,
        specials: Sequence[int] = (0, 1, 2, 3),
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.rate = checked_rate("rate", rate)
        self.unk_id = unk_id
        self.specials = tuple(specials)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, tokens: Any, training: bool = False) -> Any:
        """`[B, T] -> [B, T]`."""
        if not training or not self.rate:
            return tokens
        drawn = keras.random.uniform(ops.shape(tokens), seed=self.seed_generator)
        dropped = drawn < self.rate
        for special_id in self.specials:
            dropped = ops.logical_and(dropped, ops.not_equal(tokens, special_id))
        return ops.where(dropped, ops.cast(self.unk_id, tokens.dtype), tokens)

    def compute_output_shape(self, tokens_shape: Any) -> Any:
        """`[B, T]`."""
        return tokens_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "unk_id": self.unk_id,
            "specials": list(self.specials),
            "seed": self.seed,
        }
