"""Which ids each batch of an epoch consists of, worked out by arithmetic alone.

An epoch's batches come in groups, each of which is read at once. A plan says of group `g`:
the ranges of ids that are read, `starts [P]` and `lengths [P]`, and `places [batches, B]`, where
in what was read each window begins. So any batch of any epoch can be made without those before
it, and nothing is kept for each window of the corpus.
"""

import math

import tensorflow as tf

from keras_rnn_kit.data.epochs import draw_seed

BLOCK_TOKENS = 1 << 16  # neighbors that are read as one range
GROUP_TOKENS = 1 << 22  # read at once and mixed
CHUNK_TOKENS = 1 << 21  # read at once of a sequential partition, all rows together

Group = tuple[tf.Tensor, tf.Tensor, tf.Tensor]  # starts, lengths, places


class RandomPlan:
    """Blocks of windows in a random order, the windows of a group of blocks in a random order.

    Args:
        begin: the first id of the range.
        length: how many ids it has.
        rows: B.
        steps: T.
        batches: of an epoch.
    """

    def __init__(self, begin: int, length: int, rows: int, steps: int, batches: int) -> None:
        self.begin, self.rows, self.steps = begin, rows, steps
        self.windows = batches * rows
        self.slack = length - self.windows * steps  # places where the first window may begin
        # A block has whole batches, or a batch has whole blocks: groups then have whole batches.
        block = rows
        while block % 2 == 0 and block * steps >= 2 * BLOCK_TOKENS:
            block //= 2
        block *= max(1, BLOCK_TOKENS // (block * steps))
        together = math.lcm(block, rows) // block
        self.blocks_a_group = together * max(1, GROUP_TOKENS // (together * block * steps))
        self.block = min(block, self.windows)
        self.blocks, self.rest = divmod(self.windows, self.block)
        self.batches_a_group = self.blocks_a_group * block // rows

    def group(self, number: tf.Tensor, g: tf.Tensor) -> Group:
        """Group `g` of the epoch that `number` settles."""
        first = _drawn(number, 0, self.slack)
        # The rest, windows that fill no block, lies before a drawn block and is read at the end.
        gap = _drawn(number, 1, self.blocks + 1)
        place = g * self.blocks_a_group + tf.range(self.blocks_a_group, dtype=tf.int64)
        block = tf.random.experimental.index_shuffle(
            tf.minimum(place, self.blocks - 1),  # the operation wants one index at the least
            draw_seed(number, 2),
            tf.constant(self.blocks - 1, tf.int64),
        )
        after = tf.cast(block >= gap, tf.int64)
        window = block * self.block + after * self.rest
        size = tf.fill([self.blocks_a_group], tf.constant(self.block, tf.int64))
        full = tf.clip_by_value(self.blocks - g * self.blocks_a_group, 0, self.blocks_a_group)
        with_rest = (g + 1) * self.blocks_a_group > self.blocks  # so this is the last group
        count = full + tf.cast(with_rest & (self.rest > 0), tf.int64)
        window = tf.concat([window[:full], [gap * self.block]], 0)[:count]
        size = tf.concat([size[:full], [self.rest]], 0)[:count]

        seed = tf.stack([number, g + 3])
        order = tf.random.experimental.stateless_shuffle(tf.range(tf.reduce_sum(size)), seed)
        # Each block was read with one id more, the last target.
        places = order // self.block * (self.block * self.steps + 1)
        places += order % self.block * self.steps
        starts = self.begin + first + window * self.steps
        return starts, size * self.steps + 1, tf.reshape(places, [-1, self.rows])


class SequentialPlan:
    """Rows that lie one after the other in the ids, some batches of all of them at a time.

    Args:
        begin: the first id of the first worker's first row.
        rows: B, of each worker.
        steps: T.
        batches: of an epoch.
        worker: the number of the worker whose rows these are.
        drawn: adds a drawn offset of less than T.
    """

    def __init__(
        self,
        begin: int,
        rows: int,
        steps: int,
        batches: int,
        *,
        worker: int,
        drawn: bool,
    ) -> None:
        self.begin, self.rows, self.steps, self.batches = begin, rows, steps, batches
        self.worker, self.drawn = worker, drawn
        self.batches_a_group = max(1, CHUNK_TOKENS // (rows * steps))

    def group(self, number: tf.Tensor, g: tf.Tensor) -> Group:
        """Group `g` of the epoch that `number` settles."""
        first = g * self.batches_a_group
        count = tf.minimum(self.batches - first, self.batches_a_group)
        row = tf.range(self.rows, dtype=tf.int64)
        starts = self.begin + (self.worker * self.rows + row) * (self.batches * self.steps)
        starts += first * self.steps
        if self.drawn:
            starts += _drawn(number, 0, self.steps)
        length = count * self.steps + 1
        places = tf.range(count)[:, None] * self.steps + row * length
        return starts, tf.fill([self.rows], length), places


def _drawn(number: tf.Tensor, stream: int, limit: int) -> tf.Tensor:
    """A number from `[0, limit)`."""
    return tf.random.stateless_uniform([], draw_seed(number, stream), maxval=limit, dtype=tf.int64)
