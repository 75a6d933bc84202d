"""One step of a cell within the loops: its `update`, and the gradient of that."""

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from keras_rnn_kit.cells.contract import Product, ProjectedCell, products_by
from keras_rnn_kit.layers.plan import Plan


@dataclasses.dataclass(frozen=True)
class Remembered:
    """What the way back knows of a step, `[B, ...]` each; or of all steps, one below the other."""

    projected: tf.Tensor | None  # None where the plan is additive and `recurrent` is its sum
    recurrent: tf.Tensor | None
    products: Sequence[tf.Tensor]  # those that `update` takes itself
    before: list[tf.Tensor]  # the states


class OneStep:
    """`cell.update`, with the weights that it reads given from outside."""

    def __init__(self, cell: ProjectedCell, plan: Plan, weights: list[tf.Tensor]):
        self._cell = cell
        self._plan = plan
        self._weights = weights

    def run(
        self,
        projected: tf.Tensor,
        recurrent: tf.Tensor | None,
        states: Sequence[tf.Tensor],
        product: Product,
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """`(output, new states)`; `product` is what the update's own products are taken by."""
        with contextlib.ExitStack() as scopes:
            # Said here too: the way back may be traced when the layer's call is long over.
            scopes.enter_context(self._cell.own_precision(projected.dtype.name))
            scopes.enter_context(products_by(product))
            if self._weights:
                pairs = list(zip(self._plan.weights, self._weights, strict=True))
                scopes.enter_context(keras.StatelessScope(state_mapping=pairs))
            output, new_states = self._cell.update(projected, recurrent, list(states))
        return output, list(new_states)

    def matrices(self, step: Remembered) -> list[tf.Tensor]:
        """Those of the update's own products, of any step: the weights make them, and no more."""
        found: list[tf.Tensor] = []

        def product(values: tf.Tensor, matrix: Any) -> tf.Tensor:
            found.append(tf.convert_to_tensor(matrix))
            return ops.matmul(values, matrix)

        self.run(*self._terms(step), step.before, product)
        return found

    def gradients(
        self,
        step: Remembered,
        flipped: list[tf.Tensor],  # the matrices of its own products, turned over
        d_output: list[tf.Tensor],
        d_states: list[tf.Tensor],
    ) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
        """Those of projected, recurrent and the states before."""
        projected, recurrent = self._terms(step)
        apart = [] if recurrent is None or self._plan.additive else [recurrent]
        found = self._of(
            [projected, *apart, *step.before],
            (projected, recurrent, step.before, _known(step.products, flipped)),
            (d_output, d_states),
        )
        d_projected = found.pop(0)
        return d_projected, found.pop(0) if apart else d_projected, found

    def weight_gradients(
        self,
        step: Remembered,
        flipped: list[tf.Tensor],
        d_output: list[tf.Tensor],
        d_states: list[tf.Tensor],
    ) -> list[tf.Tensor]:
        """Those of the weights, summed over the rows."""
        given = (*self._terms(step), step.before, _known(step.products, flipped))
        return self._of(self._weights, given, (d_output, d_states))

    def _of(
        self,
        sources: list[tf.Tensor],
        given: tuple[Any, ...],
        d_results: tuple[list[tf.Tensor], list[tf.Tensor]],
    ) -> list[tf.Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(sources)
            output, new_states = self.run(*given)
        d_output, d_states = d_results
        targets, d_targets = list(new_states), list(d_states)
        if not self._plan.output_is_state:
            targets, d_targets = [output, *targets], [*d_output, *d_targets]
        zero = tf.UnconnectedGradients.ZERO
        return list(tape.gradient(targets, sources, d_targets, unconnected_gradients=zero))

    def _terms(self, step: Remembered) -> tuple[tf.Tensor, tf.Tensor | None]:
        """What `update` gets for projected and recurrent, from what was kept."""
        if step.recurrent is not None and self._plan.additive:
            return step.recurrent, tf.zeros_like(step.recurrent)
        assert step.projected is not None
        return step.projected, step.recurrent


def _known(products: Sequence[tf.Tensor], flipped: list[tf.Tensor]) -> Product:
    """Products, one after the other, whose values are known: only their gradients are computed."""
    left = zip(products, flipped, strict=True)

    @tf.custom_gradient
    def product(values: tf.Tensor, matrix: tf.Tensor) -> Any:
        made, turned = next(left)

        def gradient(d: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return tf.matmul(d, turned), tf.matmul(values, d, transpose_a=True)

        return tf.identity(made), gradient

    return lambda values, matrix: product(values, tf.convert_to_tensor(matrix))
