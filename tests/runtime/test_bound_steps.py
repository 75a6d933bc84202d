"""Bound steps are the model's steps, with the states out of sight."""

import numpy as np

from keras_rnn_kit.runtime import open_session
from keras_rnn_kit.runtime.bound_steps import BoundSteps
from keras_rnn_kit.runtime.states import States


def bound(model, states, batch=2):
    graph = model.bundle.spec.graphs["step"]
    session = open_session(model.bundle.path / graph.file, threads=1)
    return BoundSteps(session, graph, states, batch)


def test_they_are_the_steps_from_any_states(model):
    states = States(model.bundle.spec.states).zeros(2)
    states[0] += np.linspace(-1, 1, states[0].size).reshape(states[0].shape).astype("float32")
    before = [state.copy() for state in states]
    step = bound(model, states)
    wanted_states = [state.copy() for state in states]
    for ids in ([4, 5], [5, 5], [6, 4], [4, 4], [7, 5]):
        tokens = np.array(ids, np.int32)
        logits, none = step(tokens)
        assert none is None
        wanted, wanted_states = model.step(tokens, wanted_states)
        np.testing.assert_array_equal(logits, wanted)
    for state, was in zip(states, before, strict=True):  # what was handed in is left alone
        np.testing.assert_array_equal(state, was)


def test_two_of_them_have_nothing_to_do_with_each_other(model):
    states = States(model.bundle.spec.states).zeros(1)
    one, other = bound(model, states, 1), bound(model, states, 1)
    token = np.array([4], np.int32)
    first = one(token)[0].copy()
    one(np.array([5], np.int32))
    np.testing.assert_array_equal(other(token)[0], first)
