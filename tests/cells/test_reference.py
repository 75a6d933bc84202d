"""The measure itself: the references' gradients against finite differences."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.catalogue import CATALOGUE, FEATURES, UNITS, Entry
from tests.layers.running import Problem, by_reference, every_mask
from tests.references.contract import Reference, run
from tests.references.wrappers import ResidualReference, ZoneoutReference

STEP = 1e-6
# Central differences are off by STEP² · f''' ~ 1e-12 and by rounding, 1e-16 / STEP ~ 1e-10 for
# each of the ~50 terms of size 1 in the loss. A wrong gradient is off by 1e-2 and more.
TOLERANCE = 1e-7

CASES = [
    pytest.param(entry, variant, backwards, id=f"{entry.name} {variant} {backwards}")
    for entry in CATALOGUE
    for variant in ({}, *entry.variants)
    for backwards in (False, True)
]


@pytest.mark.parametrize(("entry", "variant", "backwards"), CASES)
def test_gradients_are_those_of_finite_differences(entry: Entry, variant, backwards):
    arguments = {**entry.small, **variant}
    cell = entry.cell(**arguments, dtype="float64")
    cell.build((None, FEATURES))
    reference = entry.reference_of(cell, arguments)
    _assert_gradients(reference, FEATURES, np.ravel(cell.state_size), backwards)


WRAPPED = {
    "zoneout": lambda cell: ZoneoutReference(cell, [0.3, 0.6], [UNITS, UNITS]),
    "zoneout, drawn": lambda cell: ZoneoutReference(cell, [], [UNITS, UNITS], drawn=True),
    "residual": ResidualReference,
    "zoneout of residual": lambda cell: ZoneoutReference(
        ResidualReference(cell), [0.3, 0.6], [UNITS, UNITS]
    ),
}


@pytest.mark.parametrize("wrapped", WRAPPED)
def test_gradients_of_wrapped_cells_are_those_of_finite_differences(wrapped):
    lstm = next(entry for entry in CATALOGUE if entry.name == "LSTM")
    cell = lstm.cell(**lstm.small, dtype="float64")
    cell.build((None, UNITS))
    reference = WRAPPED[wrapped](lstm.reference_of(cell, lstm.small))
    features = UNITS + 2 * UNITS * ("drawn" in wrapped)
    _assert_gradients(reference, features, [UNITS, UNITS], backwards=False)


def _assert_gradients(
    reference: Reference, features: int, sizes: Sequence[int], backwards: bool
) -> None:
    rng = np.random.default_rng(3)
    rows, length = 8, 4
    given = Problem(
        rng.normal(size=(rows, length, features)),
        [rng.normal(size=(rows, size)) for size in sizes],
        every_mask(rows, length),
        rng.normal(size=(rows, length, reference.output_size)),
        [rng.normal(size=(rows, size)) for size in sizes],
    )
    found = by_reference(reference, given, go_backwards=backwards)
    varied = {
        "gradient of inputs": given.inputs,
        **{f"gradient of initial state {k}": state for k, state in enumerate(given.initial)},
        **{f"gradient of {name}": weight for name, weight in reference.weights.items()},
    }
    assert varied.keys() == {name for name in found if name.startswith("gradient")}
    for name, array in varied.items():
        differences = np.empty_like(array)
        for index in np.ndindex(array.shape):
            kept = array[index]
            array[index] = kept + STEP
            above = _loss(reference, given, backwards)
            array[index] = kept - STEP
            below = _loss(reference, given, backwards)
            array[index] = kept
            differences[index] = (above - below) / (2 * STEP)
        np.testing.assert_allclose(found[name], differences, rtol=0, atol=TOLERANCE, err_msg=name)


def _loss(reference: Reference, given: Problem, backwards: bool) -> float:
    done = run(reference, given.inputs, given.initial, given.mask, go_backwards=backwards)
    finals = sum(np.sum(a * b) for a, b in zip(done.finals, given.d_finals, strict=True))
    return float(np.sum(done.outputs * given.d_outputs) + finals)


def test_masks_keep_the_state_and_repeat_the_output():
    class Counter:
        """h = h + 1 + 0 · x."""

        def __init__(self):
            self.weights, self.output_size = {}, 1

        def step(self, x, states):
            h = states[0] + 1
            return h, [h], None

        def step_back(self, kept, d_output, d_states):
            raise NotImplementedError

    mask = np.array([[0, 1, 0, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], bool)
    done = run(Counter(), np.zeros((3, 5, 1)), [np.full((3, 1), 10.0)], mask)
    assert done.outputs[..., 0].tolist() == [
        [0, 11, 11, 12, 12],
        [11, 12, 13, 14, 15],
        [0, 0, 0, 0, 0],
    ]
    assert done.finals[0][:, 0].tolist() == [12, 15, 10]
