"""The plain recurrent network of the textbook and its gradient, in NumPy, to be read and tried out.

Nothing here is fast and nothing runs a model that you ship: it is the mathematics, in the letters
of Zhang et al., "Dive into Deep Learning", sections 9.4, 9.5 and 9.7. The rows of a batch lie on
top of each other, so that `X W_xh` is what section 9.7 writes as `W_hx x` for one column.
"""

from keras_rnn_kit.reference.clipping import clip_by_norm, global_norm
from keras_rnn_kit.reference.gradient import Gradients, backpropagate
from keras_rnn_kit.reference.network import (
    Parameters,
    Unfolded,
    draw_parameters,
    forward,
    loss,
    one_hot,
    perplexity,
)
from keras_rnn_kit.reference.truncation import randomized_truncation, regular_truncation

__all__ = [
    "Gradients",
    "Parameters",
    "Unfolded",
    "backpropagate",
    "clip_by_norm",
    "draw_parameters",
    "forward",
    "global_norm",
    "loss",
    "one_hot",
    "perplexity",
    "randomized_truncation",
    "regular_truncation",
]
