"""Attention of a decoder's states over the outputs of its encoder."""

from typing import Any

import keras
from keras import ops

ATTENTIONS = ("bahdanau", "luong")


@keras.saving.register_keras_serializable(package="keras_rnn_kit")
class SourceAttention(keras.layers.Layer):
    """What a decoder reads of the source: states h `[B, T, H]` to `tanh([h; c] W)` `[B, T, H]`.

    c is the mean of the encoder's outputs v `[B, S, M]`, weighted by the softmax over the source's
    steps of a score of h with the keys k, which are projected once for all steps. `"bahdanau"` is
    `u · tanh(h W_q + k)` with `k = v W_k + b`; `"luong"` is `h · k` with `k = v W_k`, the score
    that they call general.

    The query is the state of the very step, after the recurrence, and what is read does not go back
    into it: Luong's global attention without input feeding, for either score. Bahdanau et al. read
    before the step and feed c into it. So the recurrence of all steps runs at once, and training
    needs no loop of its own.

    Args:
        score: `"bahdanau"` or `"luong"`.
        units: H, also the width of the keys.

    Source: Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and
    Translate", 2015; Luong et al., "Effective Approaches to Attention-based Neural Machine
    Translation", 2015.

    Example:

    >>> import numpy as np
    >>> from keras_rnn_kit.models.source_attention import SourceAttention
    >>> layer = SourceAttention("luong", units=4)
    >>> layer.build(values_shape=(None, None, 6))
    >>> values, mask = np.ones((2, 5, 6), "float32"), np.ones((2, 5), bool)
    >>> layer(np.ones((2, 3, 4), "float32"), values, layer.keys(values), mask).shape
    TensorShape([2, 3, 4])
    """

    def __init__(self, score: str, units: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True  # that of the hidden states stays theirs
        self.score = score
        self.units = units
        policy = self.dtype_policy
        # A bias of the keys moves all scores of a dot product alike, which the softmax doesn't see.
        bias = score == "bahdanau"
        self.key_layer = keras.layers.Dense(units, use_bias=bias, name="key", dtype=policy)
        self.query_layer: Any = None
        if score == "bahdanau":
            self.query_layer = keras.layers.Dense(units, use_bias=False, name="query", dtype=policy)
            self.attention: Any = keras.layers.AdditiveAttention(name="attention", dtype=policy)
        else:
            self.attention = keras.layers.Attention(name="attention", dtype=policy)
        self.output_layer = keras.layers.Dense(
            units, activation="tanh", use_bias=False, name="output", dtype=policy
        )

    def build(self, values_shape: Any) -> None:
        """Makes the weights for the encoder's outputs `[B, S, M]`."""
        width = values_shape[-1]
        self.key_layer.build((None, None, width))
        if self.query_layer is not None:
            self.query_layer.build((None, None, self.units))
        keys = (None, None, self.units)
        self.attention.build([keys, (None, None, width), keys])
        self.output_layer.build((None, None, self.units + width))
        self.built = True

    def keys(self, values: Any) -> Any:
        """The keys of the encoder's outputs: `[B, S, M] -> [B, S, H]`."""
        return self.key_layer(values)

    def call(self, hidden: Any, values: Any, keys: Any, source_mask: Any) -> Any:
        """`[B, T, H]`, `[B, S, M]`, `[B, S, H]` and the mask `[B, S]` to `[B, T, H]`."""
        if values.shape[1] == 1:  # all of it, then; Keras warns of a softmax over one score
            read = values + ops.zeros_like(hidden[..., :1])
        else:
            query = hidden if self.query_layer is None else self.query_layer(hidden)
            read = self.attention([query, values, keys], mask=[None, source_mask])
        return self.output_layer(ops.concatenate([hidden, read], axis=-1))

    def compute_output_shape(self, hidden_shape: Any, *_: Any) -> Any:
        """`[B, T, H]`."""
        return (*hidden_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "score": self.score, "units": self.units}
