"""Backpropagation through time, written out."""

import dataclasses

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.reference.network import (
    ACTIVATIONS,
    Array,
    Parameters,
    Unfolded,
    checked_targets,
    log_softmax,
    one_hot,
)


@dataclasses.dataclass(frozen=True)
class Gradients:
    """The gradients of the loss by everything that it depends on."""

    parameters: Parameters  # ∂L/∂W_xh and so on, each in the place of its parameter
    hidden: Array  # ∂L/∂h_t, [B, T, H]
    inputs: Array  # ∂L/∂x_t, [B, T, E]
    initial_state: Array  # ∂L/∂h_0, [B, H]


def backpropagate(
    parameters: Parameters, unfolded: Unfolded, targets: Array, carry: Array | None = None
) -> Gradients:
    """Backpropagates `loss(unfolded.logits, targets)` through time.

    From the last step to the first, with `∂L/∂a_t = ∂L/∂h_t ⊙ φ'(a_t)`:

        ∂L/∂h_t = ∂L/∂o_t W_hqᵀ + ∂L/∂a_{t+1} W_hhᵀ

    Every step has the same parameters, so their gradients are sums over all steps:

        ∂L/∂W_hq = Σ_t h_tᵀ ∂L/∂o_t,  ∂L/∂W_xh = Σ_t x_tᵀ ∂L/∂a_t,  ∂L/∂W_hh = Σ_t h_{t-1}ᵀ ∂L/∂a_t

    Args:
        parameters: those that `unfolded` was made with.
        unfolded: what `forward` returned.
        targets: ids, `[B, T]`.
        carry: for truncation, `[T]`: what step t hands back to step t − 1 is multiplied by
            `carry[t]`; 0 cuts there. See `regular_truncation` and `randomized_truncation`.

    Raises:
        KitError: the targets are not ids `[B, T]`, or `carry` is not `[T]`.

    Source: Zhang et al., "Dive into Deep Learning", 9.7.2, there without φ and biases.

    Example:

    >>> from keras_rnn_kit.reference import draw_parameters, forward
    >>> parameters, ids = draw_parameters(5, 3, 5), np.array([[0, 1, 2, 3, 4]])
    >>> unfolded = forward(parameters, one_hot(ids[:, :-1], 5))
    >>> gradients = backpropagate(parameters, unfolded, ids[:, 1:])
    >>> gradients.parameters.W_hh.shape, gradients.hidden.shape
    ((3, 3), (1, 4, 3))
    """
    targets = checked_targets(unfolded.logits, targets)
    rows, length, outputs = unfolded.logits.shape
    carry = np.ones(length) if carry is None else np.asarray(carry)
    if carry.shape != (length,):
        raise KitError(
            f"carry must be one number for each of the {length} steps; received the shape "
            f"{carry.shape}. Pass regular_truncation({length}, ...), or leave it out."
        )
    _, slope = ACTIVATIONS[unfolded.activation]
    probabilities = np.exp(log_softmax(unfolded.logits))
    d_o = (probabilities - one_hot(targets, outputs)) / (rows * length)  # [B, T, V]
    d_h = d_o @ parameters.W_hq.T  # [B, T, H], so far what each step's own output has of it
    d_a = np.empty_like(d_h)
    from_later = np.zeros_like(unfolded.initial_state)
    for t in reversed(range(length)):
        d_h[:, t] += from_later
        d_a[:, t] = d_h[:, t] * slope(unfolded.hidden[:, t])
        from_later = carry[t] * (d_a[:, t] @ parameters.W_hh.T)
    of_parameters = Parameters(
        W_xh=_summed(unfolded.inputs, d_a),
        W_hh=_summed(unfolded.before, d_a),
        b_h=d_a.sum((0, 1)),
        W_hq=_summed(unfolded.hidden, d_o),
        b_q=d_o.sum((0, 1)),
    )
    return Gradients(of_parameters, d_h, d_a @ parameters.W_xh.T, from_later)


def _summed(values: Array, d_results: Array) -> Array:
    """`Σ_t values_tᵀ d_results_t` over all rows and steps, as one product."""
    return np.tensordot(values, d_results, axes=((0, 1), (0, 1)))
