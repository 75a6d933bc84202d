"""Windows from disk: what is predicted once, rows that go on, seeds, going on, workers."""

import contextlib
import functools
import importlib
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from keras_rnn_kit.data import corpus_windows, language_model_windows
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import CharacterTokenizer, Corpus, TextEncoder, Vocabulary, write_corpus

plans = importlib.import_module("keras_rnn_kit.data.corpus_plans")

# Each example writes a corpus and traces a pipeline, so a failure is shown as found.
FEW = settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
)


@pytest.fixture(scope="module")
def corpus_of(tmp_path_factory):
    """Writes a corpus whose ids are 0, 1, 2, ..., so that an id tells its place."""

    def write(length, shard_tokens=1000, vocabulary=None):
        letters = [chr(0x4E00 + i) for i in range(vocabulary or length)]
        encoder = TextEncoder(CharacterTokenizer(), Vocabulary(letters, specials=()))
        out = tmp_path_factory.mktemp("corpus") / "corpus"
        text = ["".join(letters[:length])]
        with mock.patch("os.fsync"):  # hundreds of tiny shards need not be on the disk
            return write_corpus(text, encoder, out, shard_tokens=shard_tokens, eos=False)

    return functools.cache(write)


@contextlib.contextmanager
def small_groups(block=8, group=24, chunk=20):
    """So few ids are read at once that a small corpus has many groups."""
    with mock.patch.multiple(plans, BLOCK_TOKENS=block, GROUP_TOKENS=group, CHUNK_TOKENS=chunk):
        yield


def one_pass(dataset):
    """All inputs and all targets of one pass, `[batches, B, T]`."""
    batches = list(dataset.as_numpy_iterator())
    return np.stack([x for x, _ in batches]), np.stack([y for _, y in batches])


def inputs_of(dataset, epochs=1):
    return [one_pass(dataset)[0] for _ in range(epochs)]


SIZES = st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(0, 120))  # B, T, extra ids
SHARDS = st.integers(1, 30)


@FEW
@given(SIZES, SHARDS, st.integers(0, 7), st.integers(0, 9))
def test_sequential_is_the_reference_in_numpy(corpus_of, sizes, shard_tokens, offset, skipped):
    rows, steps, extra = sizes
    length = skipped + offset + rows * steps + 1 + extra
    corpus = corpus_of(length, shard_tokens)
    if skipped:
        corpus = corpus.split((skipped + 0.5) / length)[1]
    ids = np.arange(skipped, length)
    assert len(corpus) == len(ids)
    with small_groups():
        dataset = corpus_windows(
            corpus, batch_size=rows, seq_length=steps, partition="sequential", offset=offset
        )
        inputs, targets = one_pass(dataset)
    count = (len(ids) - 1 - offset) // (rows * steps)
    used = ids[offset : offset + count * rows * steps + 1]
    by_row = used[:-1].reshape(rows, count, steps)
    np.testing.assert_array_equal(inputs, by_row.swapaxes(0, 1))
    np.testing.assert_array_equal(targets, used[1:].reshape(rows, count, steps).swapaxes(0, 1))
    assert int(dataset.cardinality()) == count


@FEW
@given(SIZES, SHARDS, st.integers(0, 1000))
def test_random_predicts_one_range_once_in_blocks_and_groups(corpus_of, sizes, shard_tokens, seed):
    rows, steps, extra = sizes
    length = (rows + 1) * steps + extra
    with small_groups():
        dataset = corpus_windows(
            corpus_of(length, shard_tokens), batch_size=rows, seq_length=steps, seed=seed
        )
        inputs, targets = one_pass(dataset)
        plan = plans.RandomPlan(0, length, rows, steps, len(inputs))
    assert inputs.dtype == targets.dtype == np.int32
    assert len(inputs) == int(dataset.cardinality()) == (length - steps) // (rows * steps)
    np.testing.assert_array_equal(targets, inputs + 1)
    np.testing.assert_array_equal(inputs, inputs[..., :1] + np.arange(steps))

    starts = inputs[..., 0].ravel()
    first = starts.min()
    np.testing.assert_array_equal(np.sort(starts), first + steps * np.arange(starts.size))
    assert length - starts.size * steps <= (rows + 1) * steps  # what is left out

    # For some place of the rest, each group is made of whole blocks.
    windows = (starts - first) // steps
    group = plan.batches_a_group * rows
    groups = [windows[i : i + group] for i in range(0, len(windows), group)]
    assert any(
        all(whole_blocks(one, plan, gap, last=one is groups[-1]) for one in groups)
        for gap in range(plan.blocks + 1)
    )


def whole_blocks(windows, plan, gap, last):
    in_rest = (windows >= gap * plan.block) & (windows < gap * plan.block + plan.rest)
    if in_rest.sum() != (plan.rest if last else 0):
        return False
    others = windows[~in_rest]
    blocks = (others - np.where(others >= gap * plan.block, plan.rest, 0)) // plan.block
    return set(np.unique(blocks, return_counts=True)[1]) <= {plan.block}


@settings(FEW, max_examples=4)
@given(SIZES, SHARDS, st.integers(1, 3), st.sampled_from(["random", "sequential"]), st.data())
def test_going_on_gives_the_batches_that_would_have_followed(
    corpus_of, sizes, shard_tokens, workers, partition, data
):
    rows, steps, extra = sizes
    corpus = corpus_of((rows * workers + 1) * steps + extra, shard_tokens)
    worker = (data.draw(st.integers(0, workers - 1)), workers)
    arguments = {
        "batch_size": rows,
        "seq_length": steps,
        "partition": partition,
        "offset": "random" if partition == "sequential" else 0,
        "seed": 3,
        "worker": worker,
    }
    with small_groups():
        whole = corpus_windows(corpus, **arguments)
        count = int(whole.cardinality())
        batches = np.concatenate(inputs_of(whole, 3))
        start = data.draw(st.integers(0, 2 * count))
        rest = corpus_windows(corpus, **arguments, start=start)
        epochs = 3 - start // count
        np.testing.assert_array_equal(np.concatenate(inputs_of(rest, epochs)), batches[start:])
        endless = corpus_windows(corpus, **arguments, start=start, repeat=True)
        for length in (len(batches) - start, 1):  # every iteration begins at `start`
            got, _ = one_pass(endless.take(length))
            np.testing.assert_array_equal(got, batches[start:][:length])
    known = tf.data.UNKNOWN_CARDINALITY if start % count else count
    assert int(rest.cardinality()) == known
    assert int(endless.cardinality()) == tf.data.INFINITE_CARDINALITY


@settings(FEW, max_examples=6)
@given(SIZES, st.integers(1, 4), st.sampled_from(["random", "sequential"]))
def test_workers_share_an_epoch_and_none_predicts_what_another_does(
    corpus_of, sizes, workers, partition
):
    rows, steps, extra = sizes
    corpus = corpus_of((rows * workers + 1) * steps + extra, shard_tokens=11)
    parts = []
    with small_groups():
        for index in range(workers):
            dataset = corpus_windows(
                corpus,
                batch_size=rows,
                seq_length=steps,
                partition=partition,
                seed=1,
                worker=(index, workers),
            )
            parts.append(one_pass(dataset)[1])
    assert len({len(part) for part in parts}) == 1
    predicted = np.sort(np.concatenate(parts), axis=None)
    np.testing.assert_array_equal(predicted, predicted[0] + np.arange(predicted.size))
    if partition == "sequential":
        for part in parts:
            np.testing.assert_array_equal(part[1:, :, 0], part[:-1, :, -1] + 1)


def test_all_the_batches_are_those_of_one_worker_with_as_many(corpus_of):
    corpus = corpus_of(500, shard_tokens=70)
    with small_groups():
        alone = corpus_windows(corpus, batch_size=2, seq_length=5, seed=1)
        (everything,) = inputs_of(alone)
        parts = [
            inputs_of(corpus_windows(corpus, batch_size=2, seq_length=5, seed=1, worker=(i, 7)))[0]
            for i in range(7)
        ]
    assert len(everything) == 49 == 7 * 7  # so that the workers leave out no more than one does
    np.testing.assert_array_equal(np.concatenate(parts), everything)


def test_a_drawn_offset_differs_between_epochs_and_keeps_the_rows_continuous(corpus_of):
    dataset = corpus_windows(
        corpus_of(100, 9), batch_size=3, seq_length=4, partition="sequential", offset="random"
    )
    assert int(dataset.cardinality()) == (100 - 4) // 12
    seen = set()
    for _ in range(12):
        inputs, targets = one_pass(dataset)
        offset = int(inputs[0, 0, 0])
        np.testing.assert_array_equal(np.sort(targets, axis=None), offset + 1 + np.arange(96))
        np.testing.assert_array_equal(inputs[1:, :, 0], inputs[:-1, :, -1] + 1)
        seen.add(offset)
    assert seen <= {0, 1, 2, 3}
    assert len(seen) > 1


def test_both_shuffles_mix(corpus_of):
    with small_groups():
        dataset = corpus_windows(corpus_of(2000), batch_size=4, seq_length=2, seed=0)
        starts = [epoch[..., 0].ravel() for epoch in inputs_of(dataset, 5)]
        plan = plans.RandomPlan(0, 2000, 4, 2, len(starts[0]) // 4)
    group = plan.batches_a_group * plan.rows
    assert plan.blocks > 10 * plan.blocks_a_group > 10
    # Where an epoch's groups come from and the order in a group are others each epoch.
    assert len({tuple(np.sort(one[:group])) for one in starts}) == 5
    assert len({tuple(np.argsort(one[:group])) for one in starts}) == 5
    assert len({int(one.min()) for one in starts}) > 1
    # The correlation of place and order is that of chance.
    for one in starts:
        assert abs(np.corrcoef(one, np.arange(one.size))[0, 1]) < 0.3


def test_a_seed_settles_every_epoch_and_epochs_differ(corpus_of):
    corpus = corpus_of(900, 100)

    def epochs(seed):
        with small_groups():
            return inputs_of(corpus_windows(corpus, batch_size=2, seq_length=5, seed=seed), 3)

    first, again, other = epochs(3), epochs(3), epochs(4)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(first[1], first[2])
    assert not np.array_equal(first[0], other[0])


def test_without_a_seed_keras_seed_decides(corpus_of):
    corpus = corpus_of(500)

    def first_epoch():
        return inputs_of(corpus_windows(corpus, batch_size=2, seq_length=5))[0]

    keras.utils.set_random_seed(11)
    first, second = first_epoch(), first_epoch()
    keras.utils.set_random_seed(11)
    np.testing.assert_array_equal(first_epoch(), first)
    assert not np.array_equal(first, second)


def test_each_turn_of_repeat_is_another_epoch(corpus_of):
    dataset = corpus_windows(corpus_of(101), batch_size=2, seq_length=5, seed=1)
    batches = int(dataset.cardinality())
    inputs, _ = one_pass(dataset.repeat(2))
    assert len(inputs) == 2 * batches
    assert not np.array_equal(inputs[:batches], inputs[batches:])


@pytest.mark.parametrize("partition", ["random", "sequential"])
def test_shapes_are_static(corpus_of, partition):
    dataset = corpus_windows(corpus_of(60), batch_size=3, seq_length=4, partition=partition)
    spec = tf.TensorSpec([3, 4], tf.int32)
    assert dataset.element_spec == (spec, spec)


@pytest.mark.parametrize(("vocabulary", "dtype"), [(256, "uint8"), (257, "uint16")])
def test_each_width_of_ids_is_read_as_in_memory(corpus_of, vocabulary, dtype):
    corpus = corpus_of(256, shard_tokens=50, vocabulary=vocabulary)
    assert corpus.index.dtype == dtype
    arguments = {"batch_size": 3, "seq_length": 7, "partition": "sequential"}
    got = one_pass(corpus_windows(corpus, **arguments))
    expected = one_pass(language_model_windows(np.arange(256), **arguments))
    np.testing.assert_array_equal(got, expected)


def test_ids_of_four_bytes(tmp_path):
    letters = [chr(i) for i in range(0x10000, 0x10000 + 65537)]
    encoder = TextEncoder(CharacterTokenizer(), Vocabulary(letters, specials=()))
    text = "".join(letters[-40:])
    corpus = write_corpus([text], encoder, tmp_path / "corpus", shard_tokens=7, eos=False)
    assert corpus.index.dtype == "uint32"
    dataset = corpus_windows(corpus, batch_size=1, seq_length=39, partition="sequential")
    ((inputs, targets),) = dataset.as_numpy_iterator()
    assert inputs[0].tolist() == list(range(65497, 65536))
    assert targets[0].tolist() == list(range(65498, 65537))


def test_the_sizes_of_real_use(corpus_of):
    # Blocks have whole batches or batches whole blocks, and groups stay near their size.
    for rows, steps in [(64, 100), (1, 1), (1025, 1000), (512, 1024), (50, 35), (4096, 16)]:
        plan = plans.RandomPlan(0, 10**12, rows, steps, 10**12 // (rows * steps) - 1)
        assert (plan.blocks_a_group * plan.block) % rows == 0
        assert plan.blocks_a_group * plan.block * steps <= max(plans.GROUP_TOKENS, rows * steps)
        assert plan.block * plan.blocks + plan.rest == plan.windows
        assert plan.slack > steps - 1


@pytest.mark.parametrize(
    ("arguments", "need"),
    [
        ({"partition": "random"}, 4 * 5 + 5),
        ({"partition": "sequential"}, 4 * 5 + 1),
        ({"partition": "sequential", "offset": 3}, 4 * 5 + 4),
        ({"partition": "sequential", "offset": "random"}, 4 * 5 + 5),
        ({"partition": "random", "worker": (1, 3), "seed": 0}, 12 * 5 + 5),
    ],
)
def test_a_corpus_one_id_too_short_is_refused_and_the_need_is_told(corpus_of, arguments, need):
    dataset = corpus_windows(corpus_of(need), batch_size=4, seq_length=5, **arguments)
    assert len(one_pass(dataset)[0]) == 1
    with pytest.raises(KitError, match=rf"need {need} ids; received a corpus of {need - 1} ids"):
        corpus_windows(corpus_of(need - 1), batch_size=4, seq_length=5, **arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a positive integer; received batch_size=0"),
        ({"seq_length": 2.5}, "seq_length must be a positive integer; received seq_length=2.5"),
        ({"partition": "stateful"}, "partition must be 'random' or 'sequential'"),
        ({"partition": "sequential", "offset": -1}, "offset must be an integer of 0 or more"),
        ({"offset": 2}, "draws its own offset; received offset=2"),
        ({"seed": -1}, r"seed must be None or an integer in \[0, 2147483647\]; received seed=-1"),
        ({"start": -1}, "start must be an integer of 0 or more; received start=-1"),
        ({"start": True}, "received start=True"),
        ({"worker": (2, 2)}, r"worker must be \(i, w\).*received worker=\(2, 2\)"),
        ({"worker": 1}, "received worker=1"),
        ({"worker": (0, 2)}, "2 workers need one seed"),
        ({"corpus": [1, 2, 3]}, "corpus must be a Corpus; received list"),
    ],
)
def test_wrong_arguments_are_told(corpus_of, change, message):
    arguments = {"corpus": corpus_of(100), "batch_size": 2, "seq_length": 3, **change}
    with pytest.raises(KitError, match=message):
        corpus_windows(arguments.pop("corpus"), **arguments)


def test_a_shard_that_goes_while_training_is_named(corpus_of):
    corpus = corpus_of(99, shard_tokens=30)
    dataset = corpus_windows(corpus, batch_size=2, seq_length=5)
    corpus.files[2].rename(corpus.files[2].with_suffix(".gone"))
    with pytest.raises(tf.errors.OpError, match=r"ids-00002\.bin"):
        one_pass(dataset)


def test_keras_fits_a_range_and_knows_the_number_of_steps(corpus_of):
    train, validation = corpus_of(200, 33).split(0.8)
    assert isinstance(train, Corpus)
    dataset = corpus_windows(train, batch_size=2, seq_length=5, seed=0)
    model = keras.Sequential([keras.layers.Embedding(200, 4), keras.layers.Dense(200)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss)
    val = corpus_windows(validation, batch_size=2, seq_length=5, partition="sequential")
    model.fit(dataset, epochs=2, verbose=0, shuffle=False, validation_data=val)
    assert int(model.optimizer.iterations) == 2 * int(dataset.cardinality())


def test_fit_goes_on_exactly_where_it_was_left(corpus_of):
    """With `repeat=True`, though fit looks at a batch before it trains."""
    corpus = corpus_of(200, 33)

    def build():
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.layers.Embedding(200, 4), keras.layers.Dense(200)])
        model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def train(model, steps):
        start = int(model.optimizer.iterations)
        dataset = corpus_windows(
            corpus, batch_size=2, seq_length=5, seed=7, start=start, repeat=True
        )
        model.fit(dataset, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False)

    whole = build()
    train(whole, 50)
    parts = build()
    train(parts, 27)
    saved = parts.get_weights()
    train(parts, 23)
    assert not np.array_equal(saved[0], parts.get_weights()[0])
    for expected, got in zip(whole.get_weights(), parts.get_weights(), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_inside_a_distribution_strategy(corpus_of):
    strategy = tf.distribute.MirroredStrategy(["/CPU:0"])
    with strategy.scope():
        dataset = corpus_windows(
            corpus_of(200, 33), batch_size=2, seq_length=5, seed=0, worker=(0, 2)
        )
    outside = corpus_windows(corpus_of(200, 33), batch_size=2, seq_length=5, seed=0, worker=(0, 2))
    for _ in range(2):
        dealt = [x.numpy() for x, _ in strategy.experimental_distribute_dataset(dataset)]
        np.testing.assert_array_equal(dealt, inputs_of(outside)[0])
