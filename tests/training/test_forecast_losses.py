"""`PinballLoss` and `NormalLoss` by hand."""

import keras
import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.training import NormalLoss, PinballLoss


def test_pinball_by_hand() -> None:
    # Above: 0.1 · 2 and 0.5 · 1; below: 0.1 · 3.
    truth, quantiles = np.array([[5.0]]), np.array([[[3.0, 4.0, 8.0]]])
    loss = PinballLoss((0.1, 0.5, 0.9))(truth, quantiles)
    np.testing.assert_allclose(loss, (0.2 + 0.5 + 0.3) / 3, rtol=1e-6)


def test_normal_by_hand() -> None:
    truth = np.array([[1.0, -2.0]])
    predicted = np.array([[[0.0, 2.0], [-2.0, 0.5]]])
    nats = [np.log(2) + 0.125, np.log(0.5)]
    expected = np.mean(nats) + 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(NormalLoss()(truth, predicted), expected, rtol=1e-6)


def test_weights_count_points() -> None:
    truth = np.array([[1.0], [2.0]])
    predicted = np.array([[[0.0, 1.0]], [[0.0, 1.0]]])
    one = NormalLoss()(truth[:1], predicted[:1])
    both = NormalLoss(reduction="sum")(truth, predicted, sample_weight=np.array([[1.0], [0.0]]))
    np.testing.assert_allclose(both, one, rtol=1e-6)


def test_they_are_saved_with_their_arguments() -> None:
    for loss in (PinballLoss((0.2, 0.5), name="mine"), NormalLoss(reduction="sum")):
        config = keras.saving.serialize_keras_object(loss)
        assert keras.saving.deserialize_keras_object(config).get_config() == loss.get_config()


def test_predictions_of_another_shape() -> None:
    truth = np.zeros((2, 3, 1))
    with pytest.raises(KitError, match=r"predictions \[..., K, 3\], one for each quantile"):
        PinballLoss()(truth, np.zeros((2, 3, 1, 2)))
    with pytest.raises(KitError, match=r"received \(2, 3, 1\) and \(2, 3, 1\)"):
        NormalLoss()(truth, truth)
    with pytest.raises(KitError, match=r"with 0\.5 among them"):
        PinballLoss((0.1, 0.9))
