"""`use_cudnn`: Keras's own way where it is asked for, the engine everywhere else."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import GRU, LSTM, SimpleRNN, marker
from keras_rnn_kit.layers.cudnn import CudnnRNN

X = np.random.default_rng(0).normal(size=(2, 3, 5)).astype("float32")
LAYERS = pytest.mark.parametrize("kind", [GRU, LSTM])


@LAYERS
def test_without_a_gpu_it_is_refused_in_the_call(kind):
    layer = kind(4, use_cudnn=True, name="mine")
    with pytest.raises(KitError, match="use_cudnn=True needs a GPU; received it for 'mine' where"):
        layer(X)
    with pytest.raises(ValueError, match="cuDNN is not supported"):
        layer.stands_in_for(4, use_cudnn=True)(X)


@LAYERS
@pytest.mark.parametrize("training", [False, True])
def test_with_a_gpu_it_is_kerass_kernel(kind, training, monkeypatch):
    """Keras's kernel is replaced: what it is called with is what Keras's own layer gives it."""
    calls = []

    def kernel(inputs, *states, **options):
        calls.append((inputs, states, options))
        outputs = tf.zeros([2, 3, 4]) + 7.0
        return outputs[:, -1], outputs, [outputs[:, -1]] * len(kind(4).cell.state_sizes)

    monkeypatch.setattr(keras.src.backend, kind.__name__.lower(), kernel)
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["one"])
    results, weights = [], None
    for made in (kind, kind.stands_in_for):
        layer = made(4, use_cudnn=True, dropout=0.5, seed=3, return_sequences=True)
        layer.build(X.shape)
        weights = layer.get_weights() if weights is None else weights
        layer.set_weights(weights)
        results.append(layer(X, training=training))
        assert not layer.supports_jit
    np.testing.assert_array_equal(results[0], np.full((2, 3, 4), 7.0))
    np.testing.assert_array_equal(*results)
    (inputs, states, options), (wanted, wanted_states, wanted_options) = calls
    np.testing.assert_array_equal(inputs, wanted)
    assert np.any(inputs == 0) == training  # dropped
    assert len(states) == len(wanted_states)
    assert options.keys() == wanted_options.keys()
    for name in ("kernel", "recurrent_kernel", "bias"):
        np.testing.assert_array_equal(options[name], wanted_options[name])


@LAYERS
def test_what_cudnn_does_not_compute_is_refused_by_keras(kind, monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["one"])
    with pytest.raises(ValueError, match="cuDNN is not supported for this layer configuration"):
        kind(4, use_cudnn=True, activation="relu")(X)


@LAYERS
def test_the_config_leaves_it_out_as_kerass(kind):
    layer = kind(4, use_cudnn=True)
    assert layer.use_cudnn is True
    assert "use_cudnn" not in layer.get_config()
    assert "use_cudnn" not in layer.stands_in_for(4, use_cudnn=True).get_config()
    assert kind.from_config(layer.get_config()).use_cudnn == "auto"
    assert (kind(4).supports_jit, layer.supports_jit) == (True, False)


@LAYERS
def test_it_may_come_without_a_name(kind):
    order = list(inspect.signature(kind.stands_in_for).parameters)[:-1]
    defaults = [p.default for p in inspect.signature(kind.stands_in_for).parameters.values()]
    layer = kind(4, *defaults[1 : order.index("use_cudnn")], False)
    assert layer.use_cudnn is False


@LAYERS
def test_another_value_is_refused(kind):
    with pytest.raises(KitError, match="use_cudnn must be 'auto', True or False; received 'yes'"):
        kind(4, use_cudnn="yes")


@LAYERS
def test_the_legacy_argument_is_taken_and_changes_nothing(kind):
    results = []
    for implementation in (0, 1, 2, None):
        keras.utils.set_random_seed(1)
        arguments = {} if implementation is None else {"implementation": implementation}
        layer = kind(4, recurrent_dropout=0.5, seed=2, **arguments)
        assert layer.cell.dropout_mask_count is None
        results.append(layer(X, training=True))
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])
    assert "implementation" not in layer.get_config()


@LAYERS
def test_an_export_is_that_of_any_other_layer(kind):
    """A file must not hold a kernel that only a GPU has."""
    layer = kind(4, use_cudnn=True)
    layer.build(X.shape)
    with marker.marking(lambda *_: False) as marks:

        @tf.function(autograph=False)
        def call(x):
            return layer(x)

        call.get_concrete_function(tf.TensorSpec(X.shape))
    assert [mark.cell for mark in marks] == [layer.cell]


def test_layers_that_cudnn_has_no_kernel_for_take_no_such_argument():
    assert not issubclass(SimpleRNN, CudnnRNN)
    with pytest.raises((TypeError, ValueError), match="use_cudnn"):
        SimpleRNN(4, use_cudnn=True)
