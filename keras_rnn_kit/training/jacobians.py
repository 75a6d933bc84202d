"""The Jacobians of a recurrence's last state by its earlier states and inputs."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_rnn_kit.training.unfolded_steps import UnfoldedSteps

_DISTANCES = 128  # at which norms are taken, at most
_LANCZOS_STEPS = 60


@dataclasses.dataclass(frozen=True)
class JacobianNorms:
    """Largest singular values, the mean over rows, by how many real steps follow."""

    distances: list[int]
    of_states: list[float]  # ∂h_T/∂h_t
    of_inputs: list[float]  # ∂h_T/∂x_t


def jacobian_norms(steps: UnfoldedSteps, rows: int) -> JacobianNorms:
    """The norms for the first `rows` rows.

    All rows of the Jacobian go back through a step together, as the gradients of so many copies of
    the batch's row. They are scaled to the size of 1 after each step, and the scale is kept aside
    as a logarithm, so that nothing is lost or overflows over many steps.
    """
    real, distances = steps.real[:rows], steps.distances[:rows]
    rows = len(real)
    length = int(real.sum(1).max()) if rows else 0
    wanted = np.unique(np.linspace(0, length - 1, min(length, _DISTANCES)).round().astype(int))
    of_states: dict[int, list[float]] = {int(d): [] for d in wanted}
    of_inputs: dict[int, list[float]] = {int(d): [] for d in wanted}
    width = sum(state.shape[-1] for state in steps.states[0])
    # Row r · width + i is ∂(h_T)_i/∂h_t of the batch's row r.
    products = tf.tile(tf.eye(width, dtype=steps.step.dtype), [rows, 1])
    logs = np.zeros(rows)
    back = _one_step_back(steps, rows, width)
    for t in reversed(range(real.shape[1] if length else 0)):
        before = products
        d_x, products, taken_off = back(
            steps.inputs[t][:rows],
            [state[:rows] for state in steps.states[t]],
            real[:, t],
            products,
        )
        for r in range(rows):
            distance = int(distances[r, t])
            if real[r, t] and distance in of_states:
                own = slice(r * width, (r + 1) * width)
                of_states[distance].append(_norm(before[own], logs[r]))
                of_inputs[distance].append(_norm(d_x[own], logs[r]))
        logs += np.asarray(taken_off)
    return JacobianNorms(
        list(of_states),
        [float(np.mean(norms)) for norms in of_states.values()],
        [float(np.mean(norms)) for norms in of_inputs.values()],
    )


def _one_step_back(steps: UnfoldedSteps, rows: int, width: int) -> Callable[..., Any]:
    """Takes ∂h_T/∂h_t to (∂h_T/∂x_t, ∂h_T/∂h_{t−1}, the logarithm of what scaled the latter)."""
    sizes = [state.shape[-1] for state in steps.states[0]]
    no_output = tf.zeros((rows * width, steps.step.output_size), steps.step.dtype)

    @tf.function
    def back(x: Any, states: list[Any], real: Any, products: Any) -> tuple[Any, Any, Any]:
        x, real, *states = (tf.repeat(each, width, axis=0) for each in (x, real, *states))
        d_new = tf.split(products, sizes, axis=-1)
        d_x, d_before, _ = steps.step.backward(x, states, real[:, None], no_output, d_new)
        products = tf.concat(d_before, axis=-1)
        largest = tf.reduce_max(tf.abs(tf.reshape(products, (rows, -1))), axis=1)
        usable = tf.math.is_finite(largest) & (largest > 0)
        scale = tf.where(usable, largest, 1)
        products = products / tf.repeat(scale, width)[:, None]
        return d_x, products, tf.math.log(tf.cast(scale, "float64"))

    return back


def _norm(matrix: tf.Tensor, log: float) -> float:
    """The largest singular value of `exp(log)` times the matrix; NaN of one that is not finite."""
    values = np.asarray(matrix, "float64")
    if not np.isfinite(values).all():
        return math.nan
    largest = largest_singular_value(values)
    if largest == 0:
        return 0.0
    exponent = math.log(largest) + log
    return math.exp(exponent) if exponent < 709 else math.inf


def largest_singular_value(matrix: np.ndarray) -> float:
    """That of `matrix [M, N]`, finite, by the method of Lanczos on `AᵀA`.

    A few products with the matrix take the place of a whole decomposition. The error is below one
    in a million where the largest singular values are apart, and below one in a hundred where they
    lie close together; a matrix of at most 60 columns is exact.

    Example:

    >>> round(largest_singular_value(np.diag([1.0, -3.0, 2.0])), 9)
    3.0
    """
    vector: Any = np.random.default_rng(0).normal(size=matrix.shape[1])
    vector /= np.linalg.norm(vector)
    basis: list[np.ndarray] = []
    diagonal: list[float] = []
    beside: list[float] = []
    largest = 0.0
    for _ in range(min(_LANCZOS_STEPS, len(vector))):
        basis.append(vector)
        image = matrix.T @ (matrix @ vector)
        diagonal.append(float(vector @ image))
        for _ in range(2):  # once leaves rounding that grows from step to step
            image = image - np.transpose(basis) @ (np.asarray(basis) @ image)
        known = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        before, largest = largest, float(np.linalg.eigvalsh(known)[-1])
        rest = float(np.linalg.norm(image))
        if rest <= 1e-12 * largest or largest - before < 1e-9 * largest:
            break
        beside.append(rest)
        vector = image / rest
    return math.sqrt(max(largest, 0.0))
