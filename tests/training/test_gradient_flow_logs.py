import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.layers import SimpleRNN
from keras_rnn_kit.training import GradientFlow, gradient_flow

X = np.random.default_rng(0).normal(size=(4, 5, 2)).astype("float32")
Y = np.ones((4, 1), "float32")


def test_the_reports_of_a_fit_and_what_tensorboard_gets(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5, 2)), SimpleRNN(3, name="rnn"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    at_start = gradient_flow(model, X, Y)
    flow = GradientFlow(X, Y, every=2, log_dir=tmp_path)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[flow])
    assert list(flow.reports) == [0, 2]
    assert flow.reports[0] == at_start
    assert flow.reports[2].loss < at_start.loss
    (file,) = tmp_path.iterdir()
    scalars, histograms = {}, {}
    for record in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            plugin = value.metadata.plugin_data.plugin_name
            kind = {"scalars": scalars, "histograms": histograms}[plugin]
            kind[event.step, value.tag.rpartition("rnn/")[2]] = tf.make_ndarray(value.tensor)
    (layer,) = flow.reports[2].layers
    expected = {
        "gradient of h at the last step": layer.gradient_norms["h"][0],
        "gradient of h at the first step": layer.gradient_norms["h"][-1],
        "Jacobian over all steps": layer.state_jacobian_norms[-1],
        "recurrent kernel, spectral radius": layer.kernels["recurrent kernel"].spectral_radius,
        "recurrent kernel, largest singular value": layer.kernels[
            "recurrent kernel"
        ].largest_singular_value,
        "saturated, |h| > 0.99": 0.0,
    }
    at_end = {tag: float(value) for (step, tag), value in scalars.items() if step == 2}
    assert at_end == pytest.approx(expected, rel=1e-6)
    assert {step for step, _ in scalars} == {0, 2}
    bins = histograms[2, "log10 of the gradients of h"]
    assert bins.shape[1] == 3
    assert bins[:, 2].sum() == 5, "each of the five norms is in one bin"
    logs = np.log10(layer.gradient_norms["h"])
    assert (bins[0, 0], bins[-1, 1]) == pytest.approx((logs.min(), logs.max()))


def test_a_model_that_is_built_in_fit_is_first_looked_at_after_an_epoch():
    model = keras.Sequential([SimpleRNN(3), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    flow = GradientFlow(X, Y, jacobian_rows=0)
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[flow])
    assert flow.reports[1].layers[0].state_jacobian_norms == []
    assert "‖∂h_T" not in str(flow.reports[1])


def test_never_is_refused():
    with pytest.raises(KitError, match="every must be a positive integer"):
        GradientFlow(X, Y, every=0)
