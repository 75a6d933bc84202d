import math

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.reference import (
    draw_parameters,
    forward,
    loss,
    one_hot,
    perplexity,
)
from tests.references.contract import run
from tests.references.simple_rnn import SimpleRNNReference


@pytest.mark.parametrize("activation", ["tanh", "relu", "linear"])
def test_the_states_are_those_of_the_cells_equation(problem, activation):
    parameters, inputs, _, first = problem
    unfolded = forward(parameters, inputs, first, activation=activation)
    cell = SimpleRNNReference(parameters.W_xh, parameters.W_hh, parameters.b_h, activation)
    np.testing.assert_allclose(unfolded.hidden, run(cell, inputs, [first]).outputs, rtol=1e-12)
    np.testing.assert_array_equal(unfolded.before[:, 0], first)
    np.testing.assert_array_equal(unfolded.before[:, 1:], unfolded.hidden[:, :-1])
    np.testing.assert_allclose(
        unfolded.logits[:, 2], unfolded.hidden[:, 2] @ parameters.W_hq + parameters.b_q
    )


def test_the_concatenated_form_is_the_same(problem):
    parameters, inputs, _, first = problem
    unfolded = forward(parameters, inputs, first)
    h, stacked = first, np.concatenate([parameters.W_xh, parameters.W_hh])
    for t in range(inputs.shape[1]):
        h = np.tanh(np.concatenate([inputs[:, t], h], axis=1) @ stacked + parameters.b_h)
        np.testing.assert_allclose(unfolded.hidden[:, t], h, rtol=1e-12)


def test_the_loss_by_hand():
    logits = np.log([[[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]])
    targets = np.array([[0, 2]])
    assert loss(logits, targets) == pytest.approx(-(math.log(0.5) + math.log(0.1)) / 2)
    assert perplexity(logits, targets) == pytest.approx(math.sqrt(2 * 10))
    assert loss(logits + 1000, targets) == pytest.approx(loss(logits, targets))
    assert perplexity(np.array([[[0.0, 1000.0]]]), np.array([[0]])) == math.inf


def test_drawn_weights_have_the_scale_asked_for():
    drawn = draw_parameters(100, 200, 50, scale=0.01, seed=3)
    assert np.std(drawn.W_hh) == pytest.approx(0.01, rel=0.02)  # 40,000 draws: 0.4% off, one sigma
    assert np.std(draw_parameters(100, 200, 50).W_hh) == pytest.approx(200**-0.5, rel=0.02)
    assert not drawn.b_h.any()
    assert not drawn.b_q.any()
    np.testing.assert_array_equal(drawn.W_xh, draw_parameters(100, 200, 50, scale=0.01, seed=3)[0])


def test_what_does_not_fit_is_refused(problem):
    parameters, inputs, targets, first = problem
    with pytest.raises(KitError, match=r"inputs must be \[B, T, 5\].*received the shape \(3, 6\)"):
        forward(parameters, inputs[..., 0])
    with pytest.raises(KitError, match="of one step at least"):
        forward(parameters, inputs[:, :0])
    with pytest.raises(KitError, match="one of tanh, relu, linear; received 'selu'"):
        forward(parameters, inputs, activation="selu")
    with pytest.raises(KitError, match=r"initial_state must be \[B, H\] = \[3, 4\]"):
        forward(parameters, inputs, first[:1])
    with pytest.raises(KitError, match="targets must be ids"):
        loss(forward(parameters, inputs).logits, targets * 1.0)
    with pytest.raises(KitError, match="0 to 4; received 0 to 5"):
        one_hot(np.array([0, 5]), 5)
    with pytest.raises(KitError, match="units must be a positive integer"):
        draw_parameters(3, 0, 3)
