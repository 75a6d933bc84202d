"""The tasks of long memory by name: what is drawn, what is asked, when it counts as solved."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.data.digits import CLASSES, digits, pixel_sequences
from keras_rnn_kit.data.long_memory import (
    COPY_IDS,
    adding_problem,
    copy_memory,
    copy_memory_baseline,
)
from keras_rnn_kit.data.mnist import digit_images
from keras_rnn_kit.errors import KitError

MEMORY_TASKS = ("adding", "copy", "rows", "pixels")
DRAWN = "drawn"
Arrays = tuple[np.ndarray, np.ndarray]
Draw = Callable[[int, np.random.Generator], Arrays]


@dataclasses.dataclass(frozen=True)
class MemoryTask:
    """A task at one length.

    Attributes:
        draw: `draw(count, rng)` gives `(inputs [N, T, E], targets)`, float32 inputs.
        draw_held_out: the same for what must not be trained on.
        outputs: width of the answer: 1 for a number, else the number of classes.
        every_step: whether an answer is asked for at every step, or at the last alone.
        error: what is measured, in words: a loss, or a share of wrong answers.
        is_share: whether it is the latter.
        trivial: the error of the best answer that remembers nothing.
        goal: the task is solved below this error.
    """

    draw: Draw
    draw_held_out: Draw
    outputs: int
    every_step: bool
    error: str
    is_share: bool
    trivial: float
    goal: float


def memory_task(
    name: str, length: int, *, data: str = DRAWN, permutation_seed: int | None = None
) -> MemoryTask:
    """One of the tasks that long memories are measured with.

    - `"adding"`: `adding_problem`; solved below a mean squared error of 0.01, where always
      answering 1 has 0.167.
    - `"copy"`: `copy_memory` as one-hot vectors, with `length` as its delay; solved below a tenth
      of `copy_memory_baseline`.
    - `"rows"`, `"pixels"`: digits by rows or by pixels, of `length` or √`length` pixels a side;
      solved below 5% wrong answers, where guessing has 90%.

    Args:
        name: one of these.
        length: T.
        data: of the digits: `"drawn"`, or a data set for `digit_images` such as `"tfds:mnist"`,
            whose train split is drawn from, and whose test split is held out.
        permutation_seed: of a fixed order of the pixels; `None` is row by row.

    Raises:
        KitError: there is no such task or the data are none of these, the length isn't one that
            the task can have, or as `digit_images` says.

    Example:

    >>> task = memory_task("pixels", 196)
    >>> inputs, targets = task.draw(5, np.random.default_rng(0))
    >>> inputs.shape, targets.shape
    ((5, 196, 1), (5,))
    """
    length = positive_integer("length", length)
    if name == "adding":
        adding = _adding(length)
        return MemoryTask(adding, adding, 1, False, "mean squared error", False, 1 / 6, 0.01)
    if name == "copy":
        copying, trivial = _copy(length), copy_memory_baseline(length)
        error = "cross-entropy (nats a step)"
        return MemoryTask(copying, copying, COPY_IDS, True, error, False, trivial, trivial / 10)
    if name not in MEMORY_TASKS:
        raise KitError(
            f"a task of long memory is one of {', '.join(MEMORY_TASKS)}; received {name!r}. Pass "
            "one of these."
        )
    side = math.isqrt(length) if name == "pixels" else length
    if name == "pixels" and side * side != length:
        raise KitError(
            f"the pixels of a square image are a square number; received length={length}. Pass "
            f"e.g. {side * side}."
        )
    draw, held_out = _images(data, "train", side), _images(data, "test", side)
    if name == "pixels":
        order = None
        if permutation_seed is not None:
            order = np.random.default_rng(permutation_seed).permutation(length)
        draw, held_out = _by_pixels(draw, order), _by_pixels(held_out, order)
    error, guessing = "share of wrong answers", 1 - 1 / CLASSES
    return MemoryTask(draw, held_out, CLASSES, False, error, True, guessing, 0.05)


def _adding(length: int) -> Draw:
    return lambda count, rng: adding_problem(count, length, rng)


def _copy(delay: int) -> Draw:
    def draw(count: int, rng: np.random.Generator) -> Arrays:
        inputs, targets = copy_memory(count, delay, rng)
        return np.eye(COPY_IDS, dtype=np.float32)[inputs], targets

    return draw


def _images(data: str, split: str, side: int) -> Draw:
    """Draws images of `side` pixels a side."""
    if data == DRAWN:
        return lambda count, rng: digits(count, rng, size=side)
    images, labels = digit_images(data, split)
    if images.shape[1:] != (side, side):
        height, width = images.shape[1:]
        raise KitError(
            f"the images must have {side} pixels a side; received those of {data}, {height} by "
            f"{width}. Pass length={height} for rows and {height * width} for pixels."
        )

    def draw(count: int, rng: np.random.Generator) -> Arrays:
        chosen = rng.integers(0, len(images), count)
        return images[chosen], labels[chosen]

    return draw


def _by_pixels(images: Draw, order: np.ndarray | None) -> Draw:
    def draw(count: int, rng: np.random.Generator) -> Arrays:
        drawn, labels = images(count, rng)
        return pixel_sequences(drawn, order), labels

    return draw
