"""Windows of a corpus that is larger than memory, read from disk while a model trains."""

from typing import Any, Literal

import numpy as np
import tensorflow as tf

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.checks import seed_or_none
from keras_rnn_kit.data.corpus_plans import RandomPlan, SequentialPlan
from keras_rnn_kit.data.corpus_reading import range_reader
from keras_rnn_kit.data.windows import Partition, check_offset, check_partition
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.corpus.corpus import Corpus

PREFETCHED = 8  # batches


def corpus_windows(
    corpus: Corpus,
    *,
    batch_size: int,
    seq_length: int,
    partition: Partition = "random",
    offset: int | Literal["random"] = 0,
    seed: int | None = None,
    start: int = 0,
    repeat: bool = False,
    worker: tuple[int, int] = (0, 1),
) -> tf.data.Dataset:
    """Batches of `(inputs, targets)`, both int32 `[B, T]`, the targets one step ahead.

    As `language_model_windows`, but the ids stay on disk: in memory are a few million of them,
    however long the corpus. `N` is the number of ids, `w` the number of workers, 1 by default.

    `partition="random"` is for models without a state between batches. There are `w · n` batches
    in an epoch, with `n = (N − T) // (B · w · T)`. Each epoch draws a first id `r` from
    `[0, N − w·n·B·T)` and predicts `ids[r + 1 : r + 1 + w·n·B·T]`, each token once, in windows of
    T; left out are the rest at the beginning and at the end, fewer than `(B · w + 1) · T` tokens
    together, others each epoch. The windows are shuffled twice over: blocks of some 65,000 ids
    come in a random order, and the windows of some 64 blocks that follow each other in it are
    dealt out in a random order. A batch so mixes windows from many places of the corpus.

    `partition="sequential"` is for stateful models and for validation. Row `b` of batch `i + 1`
    begins where row `b` of batch `i` ended, and all rows, those of worker 0 first, lie one after
    the other in the ids. There are `n = (N − 1 − offset) // (B · w · T)` batches, and predicted,
    each once, is `ids[offset + 1 : offset + 1 + w·n·B·T]`; the rest, fewer than `B · w · T` ids,
    is dropped. `offset="random"` draws the offset from `[0, T)` anew each epoch; then
    `n = (N − T) // (B · w · T)`.

    The number of an epoch, the seed and the position in the epoch settle a batch. Each iteration
    of the dataset is the next epoch, and `start` goes on from any batch at the cost of reading a
    few million ids.

    Fit with `model.fit(batches, shuffle=False)`. Since `fit` looks at one batch before it trains
    and so uses up an iteration, training that is to go on exactly where it was left wants
    `repeat=True`, which begins at `start` whenever it is iterated:
    `fit(corpus_windows(..., repeat=True, start=int(model.optimizer.iterations)),
    steps_per_epoch=...)`.

    Args:
        corpus: a `Corpus`, or a range of it from `split`.
        batch_size: B, of each worker.
        seq_length: T.
        partition: `"random"` or `"sequential"`.
        offset: ids skipped at the beginning of a sequential partition, or `"random"`.
        seed: settles every epoch. None follows `keras.utils.set_random_seed`.
        start: batches that are done already, over all epochs: the first epoch is number
            `start // n`, and the first batch number `start % n` in it. The batches are those that
            would have followed.
        repeat: the epochs follow each other without end in one iteration, and every iteration
            begins at `start` again.
        worker: `(i, w)` gives the i-th of w workers, counted from 0, its own n batches of each
            epoch: together the workers have all of them.

    Returns:
        A dataset with static shapes, whose `cardinality()` is n, infinite with `repeat`, and
        unknown where `start` lies inside an epoch.

    Raises:
        KitError: an argument is wrong, or the corpus is too short for one batch.

    Example:
        >>> import tempfile
        >>> from keras_rnn_kit.text import TextEncoder, write_corpus
        >>> encoder = TextEncoder.build(["abcdefgh"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     corpus = write_corpus(["abcdefgh" * 2], encoder, folder + "/corpus", eos=False)
        ...     batches = corpus_windows(
        ...         corpus, batch_size=2, seq_length=3, partition="sequential"
        ...     )
        ...     for inputs, targets in batches.as_numpy_iterator():
        ...         print(*map(encoder.decode, inputs), "->", *map(encoder.decode, targets))
        abc gha -> bcd hab
        def bcd -> efg cde
    """
    if not isinstance(corpus, Corpus):
        raise KitError(
            f"corpus must be a Corpus; received {type(corpus).__name__}. Open one with "
            "Corpus.open(folder), or use language_model_windows for ids in memory."
        )
    rows = positive_integer("batch_size", batch_size)
    steps = positive_integer("seq_length", seq_length)
    seed = seed_or_none(seed)
    check_partition(partition)
    check_offset(offset, partition)
    start = _check_start(start)
    # A drawn offset may reach T − 1, and every epoch is to have as many batches as the others.
    drawn = partition == "random" or offset == "random"
    index, workers = _check_worker(worker, needs_seed=drawn and seed is None)
    most = steps - 1 if drawn else int(offset)
    batches = (len(corpus) - 1 - most) // (rows * steps * workers)
    if batches < 1:
        of_workers = f" for each of {workers} workers" if workers > 1 else ""
        raise KitError(
            f"batch_size={rows} windows of seq_length={steps}{of_workers} need "
            f"{most + rows * steps * workers + 1} ids; received a corpus of {len(corpus)} ids. "
            "Prepare a longer text, or pass a smaller batch_size or seq_length."
        )
    with tf.device("/CPU:0"):  # files are read there, also on a machine with a GPU
        begin, length = corpus.start, len(corpus)
        plan: RandomPlan | SequentialPlan
        if partition == "random":
            plan = RandomPlan(begin, length, rows, steps, batches * workers)
            first = index * batches
        else:
            begin += 0 if drawn else int(offset)
            plan = SequentialPlan(begin, rows, steps, batches, worker=index, drawn=drawn)
            first = 0
        read = range_reader(corpus)
        # Without a seed: drawn here, once, since every epoch's number is to come of it.
        base = tf.random.uniform([], maxval=tf.int64.max, dtype=tf.int64) if seed is None else seed
        base = tf.cast(base, tf.int64)

        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            done = tf.where(number == start // batches, tf.constant(start % batches, tf.int64), 0)
            mixed = tf.random.stateless_uniform(
                [], tf.stack([base, number]), minval=None, maxval=None, dtype=tf.int64
            )
            return _batches(plan, read, mixed, first + done, first + batches)

        numbers = _endless(start // batches) if repeat else _one_more(start // batches)
        dataset = numbers.flat_map(epoch)
        if repeat or start % batches == 0:
            count = tf.data.INFINITE_CARDINALITY if repeat else batches
            dataset = dataset.apply(tf.data.experimental.assert_cardinality(count))
        if workers > 1:  # or a distribution strategy would deal out each worker's batches again
            dataset = dataset.with_options(_unsharded())
        return dataset.prefetch(PREFETCHED)


def _batches(
    plan: RandomPlan | SequentialPlan, read: Any, number: tf.Tensor, first: tf.Tensor, stop: int
) -> tf.data.Dataset:
    """The batches `[first, stop)` of an epoch: the next group is read while one is cut up."""
    size = plan.batches_a_group

    def load(g: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        starts, lengths, places = plan.group(number, g)
        here = tf.clip_by_value(tf.stack([first, stop]) - g * size, 0, size)
        return read(starts, lengths), places[here[0] : here[1]]

    def cut(ids: tf.Tensor, places: tf.Tensor) -> tf.data.Dataset:
        def batch(place: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            place = tf.ensure_shape(place, [plan.rows])
            windows = tf.gather(ids, place[:, None] + tf.range(plan.steps + 1, dtype=tf.int64))
            windows = tf.cast(windows, tf.int32)
            return windows[:, :-1], windows[:, 1:]  # [B, T + 1] -> [B, T], [B, T]

        return tf.data.Dataset.from_tensor_slices(places).map(batch)

    groups = tf.data.Dataset.range(first // size, -(-stop // size)).map(load)
    return groups.prefetch(1).flat_map(cut)


def _endless(first: int) -> tf.data.Dataset:
    """The numbers from `first` on."""
    return tf.data.Dataset.range(first, tf.int64.max)


def _one_more(first: int) -> tf.data.Dataset:
    """One number: `first` in the first iteration, then one more each time."""
    # An operation counts, and no Python generator, so an iteration never takes the GIL.
    count = tf.Variable(first - 1, dtype=tf.int64, trainable=False)
    return tf.data.Dataset.from_tensors(0).map(lambda _: count.assign_add(1))


def _unsharded() -> tf.data.Options:
    options = tf.data.Options()
    off = tf.data.experimental.AutoShardPolicy.OFF
    options.experimental_distribute.auto_shard_policy = off
    return options


def _check_worker(worker: Any, needs_seed: bool) -> tuple[int, int]:
    """`(index, workers)`, each an int that fits."""
    whole = (
        isinstance(worker, tuple)
        and len(worker) == 2
        and all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) for n in worker)
    )
    if not whole or not 0 <= worker[0] < worker[1]:
        raise KitError(
            f"worker must be (i, w), the i-th of w workers, counted from 0; received "
            f"worker={worker!r}. Pass (0, 1) for one worker."
        )
    if worker[1] > 1 and needs_seed:
        raise KitError(
            f"{worker[1]} workers need one seed, or each draws epochs of its own; received "
            "seed=None. Pass the same seed to all of them."
        )
    return int(worker[0]), int(worker[1])


def _check_start(start: Any) -> int:
    if not isinstance(start, (int, np.integer)) or isinstance(start, bool) or start < 0:
        raise KitError(
            f"start must be an integer of 0 or more; received start={start!r}. Pass the number "
            "of batches that are done."
        )
    return int(start)
