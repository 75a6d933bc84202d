"""`OutputFeedbackCell`: its steps by hand, running free and fed with targets."""

import numpy as np
import pytest

from keras_rnn_kit.cells import OutputFeedbackCell
from keras_rnn_kit.errors import KitError


def of_numbers(feedback, **arguments):
    """One unit, one output: W = 2, R = 3, U = 5, b = 1, V = 7, c = 4; no activations."""
    cell = OutputFeedbackCell(
        1, 1, feedback=feedback, activation=None, dtype="float64", **arguments
    )
    cell.build((None, 1))
    by_name = {
        "kernel": [[2]],
        "recurrent_kernel": [[3]],
        "feedback_kernel": [[5]],
        "bias": [1],
        "output_kernel": [[7]],
        "output_bias": [4],
    }
    for weight in cell.trainable_weights:
        weight.assign(by_name[weight.name])
    return cell


def test_a_step_from_the_output_by_hand():
    cell = of_numbers("output")
    assert (cell.state_size, cell.output_size) == (1, 1)
    output, (fed_back,) = cell(np.array([[10.0]]), [np.array([[-2.0]])])
    # h = 10 · 2 − 2 · 5 + 1 = 11; o = 11 · 7 + 4.
    assert np.array(output).item() == np.array(fed_back).item() == 81


def test_a_step_from_both_by_hand():
    cell = of_numbers("both")
    assert (cell.state_size, cell.output_size) == ([1, 1], 1)
    output, (h, fed_back) = cell(np.array([[10.0]]), [np.array([[0.5]]), np.array([[-2.0]])])
    assert np.array(h).item() == 11 + 3 * 0.5
    assert np.array(output).item() == np.array(fed_back).item() == 7 * 12.5 + 4


@pytest.mark.parametrize("feedback", ["output", "both"])
def test_in_training_the_target_is_fed_back(feedback):
    cell = of_numbers(feedback)
    states = [np.array([[0.0]])] * len(cell.state_sizes)
    both = np.array([[10.0, 99.0]])
    output, new_states = cell(both, states, training=True)
    assert (np.array(output).item(), np.array(new_states[-1]).item()) == (7 * 21 + 4, 99)
    if feedback == "both":
        assert np.array(new_states[0]).item() == 21
    cell.teacher_forcing_rate.assign(0.0)
    assert np.array(cell(both, states, training=True)[1][-1]).item() == 7 * 21 + 4
    cell.teacher_forcing_rate.assign(1.0)
    for inputs, training in ((both, False), (both[:, :1], False), (both[:, :1], True)):
        output, new_states = cell(inputs, states, training=training)
        assert np.array(output).item() == np.array(new_states[-1]).item() == 7 * 21 + 4


def test_targets_are_fed_back_as_often_as_the_rate_says():
    cell = OutputFeedbackCell(2, 3, teacher_forcing=0.3, seed=4)
    cell.build((None, 1))
    targets = np.full((4000, 3), 50.0, "float32")
    inputs = np.concatenate([np.ones((4000, 1), "float32"), targets], axis=1)
    chosen = []
    for _ in range(2):
        _, (fed_back,) = cell(inputs, [np.zeros((4000, 3), "float32")], training=True)
        fed_back = np.array(fed_back)
        chosen.append(np.all(fed_back == 50, axis=1))
        # A step is fed with a whole target, or with none of it.
        assert np.all(chosen[-1] == np.any(fed_back == 50, axis=1))
        # Five standard deviations of the share of 4,000 draws; the seed is fixed.
        assert abs(chosen[-1].mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / 4000)
    assert abs((chosen[0] & chosen[1]).mean() - 0.09) < 5 * np.sqrt(0.09 * 0.91 / 4000)


def test_dropout_lets_targets_be():
    cell = OutputFeedbackCell(2, 3, dropout=0.5, seed=1)
    cell.build((None, 4))
    mask = np.array(cell.get_dropout_mask(np.ones((64, 7), "float32")))
    assert set(np.unique(mask[:, :4])) == {0, 2}
    assert np.all(mask[:, 4:] == 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"feedback": "hidden"}, "feedback must be one of output, both; received 'hidden'"),
        ({"outputs": 0}, "outputs must be a positive integer; received outputs=0"),
        ({"teacher_forcing": 1.1}, r"teacher_forcing must be a number in \[0, 1\]; received teach"),
        ({"teacher_forcing": -0.1}, r"teacher_forcing must be a number in \[0, 1\]"),
        ({"teacher_forcing": None}, r"teacher_forcing must be a number in \[0, 1\]"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(KitError, match=message):
        OutputFeedbackCell(2, **arguments)


def test_inputs_of_another_width():
    cell = OutputFeedbackCell(2, 3)
    cell.build((None, 4))
    with pytest.raises(KitError, match="must have 4 features, or 3 more with targets; received 5"):
        cell(np.ones((1, 5), "float32"), [np.zeros((1, 3), "float32")])
