"""Windows of numeric series against plain loops; gaps, seeds, shapes, the split in time."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from keras_rnn_kit.data import series_examples, series_windows, split_series
from keras_rnn_kit.errors import KitError

# Each example traces a pipeline, so a failure is shown as found: the examples are small anyway.
FEW = settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
)
SIZES = st.tuples(  # window, horizon, stride, points more than one example needs, variables
    st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 12), st.integers(1, 3)
)


def numbered(points, variables):
    """A series whose values tell their place: 10 · step + variable."""
    return 10.0 * np.arange(points)[:, None] + np.arange(variables)


def by_hand(series, window, horizon, stride, targets):
    """All examples, one value after the other."""
    inputs, ahead, begin = [], [], 0
    while begin + window + horizon <= len(series):
        inputs.append([list(series[begin + k]) for k in range(window)])
        ahead.append([[series[begin + window + k][c] for c in targets] for k in range(horizon)])
        begin += stride
    return inputs, ahead


def one_epoch(dataset):
    """The inputs and the targets of one pass, `[N, ...]`."""
    batches = list(dataset.as_numpy_iterator())
    return np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])


@FEW
@given(SIZES, st.integers(1, 5), st.data())
def test_every_example_is_right_and_comes_once(sizes, rows, data):
    window, horizon, stride, extra, variables = sizes
    chosen = data.draw(st.lists(st.integers(0, variables - 1), min_size=1, unique=True))
    series = numbered(window + horizon + extra, variables)
    inputs, targets = series_examples(series, window, horizon, stride=stride, targets=chosen)
    assert inputs.dtype == targets.dtype == np.float32
    expected = by_hand(series, window, horizon, stride, chosen)
    assert inputs.tolist() == expected[0]
    assert targets.tolist() == expected[1]

    def dataset(**arguments):
        return series_windows(
            series,
            window=window,
            horizon=horizon,
            stride=stride,
            targets=chosen,
            batch_size=rows,
            **arguments,
        )

    in_order = dataset(shuffle=False)
    np.testing.assert_array_equal(one_epoch(in_order)[0], inputs)
    np.testing.assert_array_equal(one_epoch(in_order)[1], targets)
    shuffled = dataset(seed=3)
    for _ in range(2):
        mixed, ahead = one_epoch(shuffled)
        order = np.argsort(mixed[:, 0, 0])
        np.testing.assert_array_equal(mixed[order], inputs)
        np.testing.assert_array_equal(ahead[order], targets)
    batches = -(-len(inputs) // rows)
    assert int(in_order.cardinality()) == int(shuffled.cardinality()) == batches
    assert sum(1 for _ in shuffled) == batches


def test_one_step_ahead_of_a_thousand_points():
    # Dive into Deep Learning 9.1: T − τ examples.
    inputs, targets = series_examples(np.arange(1000), 4)
    assert inputs.shape == (996, 4, 1)
    assert targets.shape == (996, 1, 1)
    np.testing.assert_array_equal(targets[:, 0, 0], np.arange(4, 1000))


def test_shapes_are_static_where_they_can_be():
    def spec(points, **arguments):
        return series_windows(
            numbered(points, 3), window=4, horizon=2, batch_size=5, **arguments
        ).element_spec

    def shapes(rows, targets=3):
        return (
            tf.TensorSpec([rows, 4, 3], tf.float32),
            tf.TensorSpec([rows, 2, targets], tf.float32),
        )

    for shuffle in (True, False):
        assert spec(12, shuffle=shuffle) == shapes(None)  # 7 examples
        assert spec(15, shuffle=shuffle) == shapes(5)  # 10
        assert spec(12, shuffle=shuffle, drop_remainder=True) == shapes(5)
    assert spec(12, targets=1) == shapes(None, 1)
    assert spec(12, targets=[2, 0]) == shapes(None, 2)


def test_dropping_the_remainder_leaves_out_other_examples_each_epoch():
    dataset = series_windows(range(10), window=2, batch_size=3, drop_remainder=True, seed=0)
    assert int(dataset.cardinality()) == 2
    epochs = [set(one_epoch(dataset)[1].ravel()) for _ in range(20)]
    assert all(len(seen) == 6 for seen in epochs)
    assert len({frozenset(seen) for seen in epochs}) > 1


def test_a_seed_settles_every_epoch_and_epochs_differ():
    def epochs(seed):
        dataset = series_windows(range(50), window=3, batch_size=8, seed=seed)
        return [one_epoch(dataset)[1].ravel().tolist() for _ in range(3)]

    first = epochs(4)
    assert first == epochs(4)
    assert first != epochs(5)
    assert first[0] != first[1] != first[2]


def test_without_a_seed_keras_seed_decides():
    def first_epoch():
        return one_epoch(series_windows(range(50), window=3, batch_size=8))[1].ravel().tolist()

    keras.utils.set_random_seed(11)
    first, second = first_epoch(), first_epoch()
    keras.utils.set_random_seed(11)
    assert first_epoch() == first
    assert first != second


@pytest.mark.parametrize("function", [series_examples, series_windows, split_series])
def test_the_first_gap_is_named(function):
    more = {
        series_examples: {"window": 2},
        series_windows: {"window": 2, "batch_size": 1},
        split_series: {},
    }[function]
    series = numbered(20, 2)
    series[7, 1] = np.nan
    series[9, 0] = np.inf
    message = r"received nan at time step 7, variable 1 \(2 of 40 values are not\)\. Fill the gaps"
    with pytest.raises(KitError, match=message):
        function(series, **more)
    with pytest.raises(KitError, match="received -inf at time step 1, variable 0"):
        function([0, -np.inf, 3, 4, 5], **more)
    with pytest.raises(KitError, match=r"received 1e\+300 at time step 3, variable 0"):
        function([0, 1, 2, 1e300, 5], **more)  # infinite as float32
    masked = np.ma.array([0, 1, 2, 3, 4], mask=[0, 0, 1, 0, 0])
    with pytest.raises(KitError, match="received nan at time step 2"):
        function(masked, **more)


def test_a_series_one_point_too_short_is_refused_and_the_need_is_told():
    assert len(series_examples(range(7), 4, 3)[0]) == 1
    with pytest.raises(KitError, match=r"window=4 and horizon=3 need 7 points .* received 6"):
        series_examples(range(6), 4, 3)
    with pytest.raises(KitError, match=r"window=4 and horizon=3 need 7 points .* received 6"):
        series_windows(range(6), window=4, horizon=3, batch_size=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"series": []}, r"series must be numbers of shape \[T\] or \[T, C\]; .* \(0,\)"),
        ({"series": np.zeros((9, 0))}, r"received shape \(9, 0\)"),
        ({"series": np.zeros((3, 3, 3))}, r"received shape \(3, 3, 3\)"),
        ({"series": ["a", "b"]}, "dtype <U1"),
        ({"series": [[1, 2], [3]]}, "dtype object"),
        ({"series": [1j, 2j]}, "dtype complex128"),
        ({"window": 0}, "window must be a positive integer"),
        ({"horizon": 0.5}, "horizon must be a positive integer"),
        ({"stride": 0}, "stride must be a positive integer"),
        ({"batch_size": -1}, "batch_size must be a positive integer"),
        ({"targets": 2}, r"targets must be numbers of variables in \[0, 2\), .* targets=2"),
        ({"targets": -1}, "received targets=-1"),
        ({"targets": [0, 0]}, "each once"),
        ({"targets": []}, r"received targets=\[\]"),
        ({"targets": "price"}, "received targets='price'"),
        ({"targets": [0.5]}, r"received targets=\[0.5\]"),
        ({"seed": -1}, "seed must be None or an integer"),
        ({"drop_remainder": True, "batch_size": 99}, "batch_size=99; received .* 17 examples"),
    ],
)
def test_wrong_arguments_are_told(change, message):
    arguments = {"series": numbered(20, 2), "window": 3, "batch_size": 4}
    with pytest.raises(KitError, match=message):
        series_windows(**(arguments | change))


@given(
    st.integers(30, 90),
    st.sampled_from([(0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.6, 0.0, 0.4), (0.7, 0.3, 0.0)]),
    st.integers(0, 9),
)
def test_parts_adjoin_and_context_comes_from_before(points, fractions, context):
    series = np.arange(points)
    parts = split_series(series, fractions, context=context)
    own = [part if k == 0 else part[context:] for k, part in enumerate(parts)]
    np.testing.assert_array_equal(np.concatenate(own)[:, 0], series)
    for part, fraction in zip(parts, fractions, strict=True):
        assert (np.diff(part[:, 0]) == 1).all()
        assert bool(fraction) == bool(len(part))
    begins = [0, len(own[0]), len(own[0]) + len(own[1])]
    for begin, fraction in zip(begins, np.cumsum([0, *fractions[:2]]), strict=True):
        assert abs(begin - fraction * points) <= 0.5 + 1e-9


@pytest.mark.parametrize("horizon", [1, 3])
def test_with_the_window_as_context_each_point_is_predicted_in_one_part_alone(horizon):
    parts = split_series(range(100), context=7)
    predicted = [set(series_examples(part, 7, horizon)[1].ravel()) for part in parts]
    assert predicted == [set(range(7, 80)), set(range(80, 90)), set(range(90, 100))]
    apart = split_series(range(100), context=0)
    predicted = [set(series_examples(part, 7)[1].ravel()) for part in apart]
    assert predicted == [set(range(7, 80)), set(range(87, 90)), set(range(97, 100))]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"series": range(4)}, "the test part must hold a point; received 4 points"),
        ({"fractions": (0.5, 0.5)}, "fractions must be three shares"),
        ({"context": -1}, "context must be an integer of 0 or more; received context=-1"),
        ({"context": 81}, "81 points of context must precede the validation part; received 80"),
    ],
)
def test_wrong_splits_are_told(arguments, message):
    with pytest.raises(KitError, match=message):
        split_series(**({"series": range(100)} | arguments))


def test_keras_learns_a_line_from_it():
    batches = series_windows(np.arange(60) / 60, window=2, batch_size=8, seed=0)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse")
    model.build((None, 2, 1))
    squeezed = batches.map(lambda x, y: (x, y[:, 0]))
    history = model.fit(squeezed, epochs=30, verbose=0, shuffle=False)
    assert history.params["steps"] == int(batches.cardinality()) == 8
    assert history.history["loss"][-1] < 1e-3
