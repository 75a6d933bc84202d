"""A linear recurrence over all steps at once, in log2 T rounds.

`h_t = a_t ⊙ h_{t-1} + b_t`: two neighbouring steps are again one such step, `(a, b)` then
`(a', b')` being `(a a', a' b + b')`. Each round joins every step with the one that ends where it
begins, and doubles the reach (Hillis and Steele, "Data parallel algorithms", 1986).
"""

import tensorflow as tf

# B · H · log2 T, up to which the rounds, each over all steps, take less time than TensorFlow's
# loop, whose every step costs some microseconds whatever its size. Against a loop that XLA
# compiles they never do on a CPU. `benchmarks/NOTES.md` has the figures.
_LARGEST = 8192


def worth_it(state: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Whether `parallel_scan` is the faster way for a `state [B, H]` over `length` steps."""
    elements = tf.cast(tf.size(state), tf.float32)
    return elements * tf.math.log(tf.cast(length, tf.float32)) / tf.math.log(2.0) <= _LARGEST


def parallel_scan(decay: tf.Tensor, drive: tf.Tensor, initial: tf.Tensor) -> tf.Tensor:
    """`h_t = decay_t ⊙ h_{t-1} + drive_t`: `[B, T, H]`, `[B, T, H]`, `[B, H]` to all `h [B, T, H]`.

    Example:

    >>> ones = tf.ones([1, 4, 1])
    >>> parallel_scan(0.5 * ones, ones, tf.fill([1, 1], 2.0))[0, :, 0].numpy().tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    length = tf.shape(decay)[1]
    drive = tf.concat([drive[:, :1] + decay[:, :1] * initial[:, None], drive[:, 1:]], axis=1)

    def join(reach: tf.Tensor, decay: tf.Tensor, drive: tf.Tensor) -> tuple[tf.Tensor, ...]:
        behind = [[0, 0], [reach, 0], [0, 0]]
        earlier = tf.pad(decay[:, :-reach], behind, constant_values=1)
        return 2 * reach, decay * earlier, drive + decay * tf.pad(drive[:, :-reach], behind)

    rows, _, units = decay.shape
    free = tf.TensorShape([rows, None, units])  # its length is lost on the way, and the same
    return tf.while_loop(
        lambda reach, *_: reach < length, join, (1, decay, drive), (tf.TensorShape([]), free, free)
    )[2]
