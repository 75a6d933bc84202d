"""The recurrent network itself: its parameters, the unfolded forward pass, and the loss."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.scores import Score

Array = np.ndarray

# φ, and φ' as a function of φ's value.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda h: 1 - h**2),
    "relu": (lambda a: np.maximum(a, 0), lambda h: (h > 0).astype(h.dtype)),
    "linear": (lambda a: a, np.ones_like),
}


class Parameters(NamedTuple):
    """What is learned, and is the same at every step: E inputs, H hidden units, V outputs."""

    W_xh: Array  # [E, H]
    W_hh: Array  # [H, H]
    b_h: Array  # [H]
    W_hq: Array  # [H, V]
    b_q: Array  # [V]


@dataclasses.dataclass(frozen=True)
class Unfolded:
    """A forward pass, with all that the way back needs of it."""

    inputs: Array  # [B, T, E]
    initial_state: Array  # [B, H]
    hidden: Array  # [B, T, H]
    logits: Array  # [B, T, V]
    activation: str

    @property
    def before(self) -> Array:
        """The state that each step starts from, `[B, T, H]`."""
        return np.concatenate([self.initial_state[:, None], self.hidden[:, :-1]], axis=1)


def draw_parameters(
    inputs: int, units: int, outputs: int, *, scale: float | None = None, seed: int = 0
) -> Parameters:
    """Draws normal weights, and biases of zero.

    Args:
        inputs, units, outputs: E, H and V.
        scale: the standard deviation of all weights; `None`: 1/√fan-in of each matrix.
        seed: of the draw.

    Raises:
        KitError: a size is not a positive integer.

    Example:

    >>> draw_parameters(3, 4, 5).W_hh.shape
    (4, 4)
    """
    for name, size in (("inputs", inputs), ("units", units), ("outputs", outputs)):
        positive_integer(name, size)
    rng = np.random.default_rng(seed)

    def draw(rows: int, columns: int) -> Array:
        return rng.normal(size=(rows, columns)) * (rows**-0.5 if scale is None else scale)

    return Parameters(
        W_xh=draw(inputs, units),
        W_hh=draw(units, units),
        b_h=np.zeros(units),
        W_hq=draw(units, outputs),
        b_q=np.zeros(outputs),
    )


def one_hot(ids: Array, size: int) -> Array:
    """`ids [...]` to `[..., V]`, 1 where the id is and 0 elsewhere.

    Raises:
        KitError: an id does not lie in 0 to `size` − 1.

    Example:

    >>> one_hot(np.array([0, 2]), 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    ids = np.asarray(ids)
    if ids.size and (ids.min() < 0 or ids.max() >= size):
        raise KitError(
            f"an id must lie in 0 to {size - 1}; received {ids.min()} to {ids.max()}. Pass the "
            "size of the vocabulary that the ids come from."
        )
    return np.eye(size)[ids]


def forward(
    parameters: Parameters,
    inputs: Array,
    initial_state: Array | None = None,
    *,
    activation: str = "tanh",
) -> Unfolded:
    """Unfolds the network over time:

        H_t = φ(X_t W_xh + H_{t-1} W_hh + b_h)
        O_t = H_t W_hq + b_q

    Args:
        parameters: the same for every step.
        inputs: X, `[B, T, E]`.
        initial_state: H_0, `[B, H]`; zeros by default.
        activation: φ: `"tanh"`, `"relu"` or `"linear"`.

    Raises:
        KitError: the inputs are not `[B, T, E]`, the initial state is not `[B, H]`, or φ is none of
            the three.

    Source: Zhang et al., "Dive into Deep Learning", 9.4.2 and 9.5.

    Example:

    >>> unfolded = forward(draw_parameters(3, 4, 5), np.ones((2, 6, 3)))
    >>> unfolded.hidden.shape, unfolded.logits.shape
    ((2, 6, 4), (2, 6, 5))
    """
    features, units = parameters.W_xh.shape
    inputs = np.asarray(inputs)
    if inputs.ndim != 3 or not inputs.shape[1] or inputs.shape[2] != features:
        raise KitError(
            f"inputs must be [B, T, {features}], of one step at least; received the shape "
            f"{inputs.shape}. Pass one_hot(ids, {features}) for ids [B, T]."
        )
    if activation not in ACTIVATIONS:
        raise KitError(
            f"activation must be one of {', '.join(ACTIVATIONS)}; received {activation!r}. Pass "
            "one of those."
        )
    phi, _ = ACTIVATIONS[activation]
    rows, length = inputs.shape[:2]
    first = np.zeros((rows, units)) if initial_state is None else np.asarray(initial_state)
    if first.shape != (rows, units):
        raise KitError(
            f"initial_state must be [B, H] = [{rows}, {units}]; received the shape {first.shape}. "
            "Leave it out to start from zeros."
        )
    h, hidden = first, []
    for t in range(length):
        h = phi(inputs[:, t] @ parameters.W_xh + h @ parameters.W_hh + parameters.b_h)
        hidden.append(h)
    states = np.stack(hidden, axis=1)
    logits = states @ parameters.W_hq + parameters.b_q
    return Unfolded(inputs, first, states, logits, activation)


def loss(logits: Array, targets: Array) -> float:
    """The mean cross-entropy of `logits [B, T, V]` with the ids `targets [B, T]`, in nats.

    Raises:
        KitError: the targets are not `[B, T]`, or an id is not below V.

    Example:

    >>> round(loss(np.zeros((1, 2, 4)), np.array([[0, 3]])), 4)  # ln 4
    1.3863
    """
    hit = one_hot(checked_targets(logits, targets), logits.shape[-1])
    return -float((log_softmax(logits) * hit).sum(-1).mean())


def perplexity(logits: Array, targets: Array) -> float:
    """`exp(loss)`: between how many tokens the network wavers. Infinite where `exp` overflows.

    Raises:
        KitError: as in `loss`.

    Example:

    >>> round(perplexity(np.zeros((1, 2, 4)), np.array([[0, 3]])), 4)
    4.0
    """
    return Score(loss(logits, targets), 1).perplexity


def log_softmax(logits: Array) -> Array:
    """The logarithms of the probabilities, `[..., V]`; no exponential in it can overflow."""
    above = logits - logits.max(-1, keepdims=True)
    return above - np.log(np.exp(above).sum(-1, keepdims=True))


def checked_targets(logits: Array, targets: Array) -> Array:
    """`targets` as an array `[B, T]` of whole numbers."""
    targets = np.asarray(targets)
    if targets.shape != logits.shape[:-1] or targets.dtype.kind not in "iu":
        raise KitError(
            f"targets must be ids of the shape [B, T] = {list(logits.shape[:-1])}; received the "
            f"shape {targets.shape} of type {targets.dtype}. Pass the id that follows each input."
        )
    return targets
