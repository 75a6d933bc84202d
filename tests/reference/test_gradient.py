import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import SimpleRNN
from keras_rnn_kit.reference import (
    Parameters,
    backpropagate,
    forward,
    loss,
    one_hot,
    randomized_truncation,
    regular_truncation,
)

ACTIVATIONS = ["tanh", "relu", "linear"]


def gradients_of(problem, activation="tanh", carry=None):
    parameters, inputs, targets, first = problem
    unfolded = forward(parameters, inputs, first, activation=activation)
    return backpropagate(parameters, unfolded, targets, carry)


def difference(change, value):
    """`(f(x + h) − f(x − h)) / 2h` in every entry of `value`; change(value) is f."""
    found, h = np.empty_like(value), 1e-6
    for place in np.ndindex(value.shape):
        moved = [value.copy(), value.copy()]
        moved[0][place] += h
        moved[1][place] -= h
        found[place] = (change(moved[0]) - change(moved[1])) / (2 * h)
    return found


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_all_gradients_against_finite_differences(problem, activation):
    parameters, inputs, targets, first = problem
    found = gradients_of(problem, activation)

    def measured(parameters=parameters, inputs=inputs, first=first):
        return loss(forward(parameters, inputs, first, activation=activation).logits, targets)

    # Central differences of step 1e-6 in float64: an error of 1e-12 + 1e-16 / 1e-6.
    for name in Parameters._fields:
        expected = difference(
            lambda value, name=name: measured(parameters._replace(**{name: value})),
            getattr(parameters, name),
        )
        np.testing.assert_allclose(getattr(found.parameters, name), expected, atol=1e-8)
    np.testing.assert_allclose(
        found.inputs, difference(lambda value: measured(inputs=value), inputs), atol=1e-8
    )
    np.testing.assert_allclose(
        found.initial_state, difference(lambda value: measured(first=value), first), atol=1e-8
    )


@pytest.mark.parametrize("layer", [SimpleRNN, keras.layers.SimpleRNN])
def test_all_gradients_against_keras(problem, layer):
    """Autodiff through Keras's own loop, and the engine, which has its own way back."""
    parameters, inputs, targets, first = problem
    built = layer(parameters.W_hh.shape[0], return_sequences=True, dtype="float64")
    head = keras.layers.Dense(parameters.W_hq.shape[1], dtype="float64")
    x, h0 = tf.constant(inputs), tf.constant(first)
    head(built(x, initial_state=h0))
    built.set_weights(parameters[:3])
    head.set_weights(parameters[3:])
    weights = [*built.trainable_weights, *head.trainable_weights]
    values = [weight.value for weight in weights]
    with tf.GradientTape() as tape:
        tape.watch([x, h0])
        hidden = built(x, initial_state=h0)
        logits = head(hidden)
        mean = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")(
            targets, logits
        )
    *of_weights, of_hidden, of_x, of_h0 = tape.gradient(mean, [*values, hidden, x, h0])
    found = gradients_of(problem)
    assert float(mean) == pytest.approx(loss(logits.numpy(), targets), rel=1e-12)
    # float64 on both sides, sums of some tens of terms.
    for ours, theirs in zip(found.parameters, of_weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.inputs, of_x, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.initial_state, of_h0, rtol=0, atol=1e-12)
    # What a tape has of the outputs is what the head alone hands back: of the last step, all.
    np.testing.assert_allclose(found.hidden[:, -1], of_hidden[:, -1], rtol=0, atol=1e-12)


def test_the_gradient_of_a_state_is_that_of_starting_from_it(problem):
    """∂L/∂h_t of all is (T − t)/T of ∂L'/∂h_0 of the steps after t, plus the part of o_t."""
    parameters, inputs, targets, first = problem
    unfolded, found = forward(parameters, inputs, first), gradients_of(problem)
    length, t = inputs.shape[1], 2
    rest = forward(parameters, inputs[:, t + 1 :], unfolded.hidden[:, t])
    later = backpropagate(parameters, rest, targets[:, t + 1 :]).initial_state
    share = (length - t - 1) / length
    alone = np.exp(unfolded.logits[:, t]) / np.exp(unfolded.logits[:, t]).sum(-1, keepdims=True)
    d_o = (alone - one_hot(targets[:, t], 5)) / targets.size
    np.testing.assert_allclose(found.hidden[:, t], share * later + d_o @ parameters.W_hq.T)


def test_truncation_is_the_gradient_of_stretches_with_the_state_handed_on(problem):
    parameters, inputs, targets, first = problem
    found = gradients_of(problem, carry=regular_truncation(6, 4))
    unfolded = forward(parameters, inputs, first)
    states = [first, unfolded.hidden[:, 3]]
    parts = []
    for state, stretch in zip(states, (slice(0, 4), slice(4, 6)), strict=True):
        part = forward(parameters, inputs[:, stretch], state)
        share = (stretch.stop - stretch.start) / 6
        of_part = backpropagate(parameters, part, targets[:, stretch]).parameters
        parts.append([share * g for g in of_part])
    for ours, *pieces in zip(found.parameters, *parts, strict=True):
        np.testing.assert_allclose(ours, sum(pieces), rtol=1e-10, atol=1e-15)
    assert not found.initial_state.any(), "the first stretch begins with a cut, too"


def test_truncation_beyond_the_length_changes_no_weight(problem):
    full = gradients_of(problem)
    for ours, theirs in zip(
        gradients_of(problem, carry=regular_truncation(6, 6)).parameters,
        full.parameters,
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_randomized_truncation_is_right_on_average_exactly(problem):
    """All 2^6 draws of ξ, each with its probability: the mean is the whole gradient."""
    keep, full = 0.3, gradients_of(problem)
    mean = [np.zeros_like(g) for g in full.parameters]
    for kept in itertools.product([False, True], repeat=6):
        probability = np.prod([keep if one else 1 - keep for one in kept])
        drawn = gradients_of(problem, carry=np.array(kept) / keep)
        mean = [m + probability * g for m, g in zip(mean, drawn.parameters, strict=True)]
    for ours, theirs in zip(mean, full.parameters, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_what_does_not_fit_is_refused(problem):
    parameters, inputs, targets, first = problem
    unfolded = forward(parameters, inputs, first)
    with pytest.raises(KitError, match="carry must be one number for each of the 6 steps"):
        backpropagate(parameters, unfolded, targets, np.ones(5))
    with pytest.raises(KitError, match=r"targets must be ids of the shape \[B, T\] = \[3, 6\]"):
        backpropagate(parameters, unfolded, targets[:, :2])
    with pytest.raises(KitError, match="keep must be a probability above 0, at most 1"):
        randomized_truncation(6, 0.0)
    with pytest.raises(KitError, match="steps must be a positive integer"):
        regular_truncation(6, 0)


def test_the_draws_of_randomized_truncation():
    drawn = randomized_truncation(100_000, 0.25, seed=1)
    assert set(np.unique(drawn)) == {0.0, 4.0}
    assert drawn.mean() == pytest.approx(1, abs=0.03)  # one sigma: √3 / √100,000 = 0.0055
    assert randomized_truncation(5, 1.0).tolist() == [1.0] * 5
