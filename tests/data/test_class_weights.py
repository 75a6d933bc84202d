"""Class weights by hand, their mean, and in `fit`."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_rnn_kit.data import class_weights, labelled_batches
from keras_rnn_kit.errors import KitError


def test_by_hand():
    # scikit-learn's "balanced": n_samples / (n_classes * bincount(y)).
    assert class_weights([0, 0, 0, 0, 1, 1]) == {0: 0.75, 1: 1.5}
    assert class_weights(np.array([2, 0, 2], np.int64)) == {0: 1.5, 2: 0.75}
    assert class_weights([5]) == {5: 1.0}


@given(st.lists(st.integers(0, 4), min_size=1, max_size=50))
def test_classes_weigh_the_same_and_the_mean_is_one(labels):
    weights = class_weights(labels)
    assert sum(weights[label] for label in labels) == pytest.approx(len(labels))
    totals = [labels.count(label) * weight for label, weight in weights.items()]
    assert totals == pytest.approx([totals[0]] * len(totals))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "labels must hold one or more; received none"),
        (["a"], "labels must be a vector of integers; .*Number the classes"),
        ([-1, 0], "labels must lie in"),
    ],
)
def test_wrong_labels_are_told(labels, message):
    with pytest.raises(KitError, match=message):
        class_weights(labels)


def test_fit_weighs_the_loss_by_them():
    labels = [0, 0, 0, 1]
    batches = labelled_batches([[2], [2], [2], [3]], labels, batch_size=4, shuffle=False)
    model = keras.Sequential(
        [
            keras.layers.Embedding(4, 2),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(
                2,
                kernel_initializer="zeros",
                bias_initializer=lambda shape, dtype=None: keras.ops.array([1.0, 0.0]),
            ),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.0), loss)
    weights = class_weights(labels)
    history = model.fit(batches, class_weight=weights, verbose=0, shuffle=False)
    nll = np.log(1 + np.exp([-1.0, 1.0]))  # of class 0 and of class 1, for logits (1, 0)
    expected = (3 * weights[0] * nll[0] + weights[1] * nll[1]) / 4
    assert history.history["loss"] == pytest.approx([expected], rel=1e-5)
