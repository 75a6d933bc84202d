"""Digits drawn by strokes, as images, as rows or pixel by pixel: no data set is needed."""

import functools
import itertools
import math

import numpy as np

from keras_rnn_kit.arguments import number, positive_integer
from keras_rnn_kit.errors import KitError

CLASSES = 10
_SMALLEST = 8  # pixels a side, below which digits can't be told apart
_FIELD = 128  # points a side of the fields of distances
_MARGIN = 0.5  # how far these reach beyond the unit square, on each side
_RENDERED = 1024  # images rendered at once, so that memory does not grow with their number


def digits(
    count: int, rng: np.random.Generator, *, size: int = 28, noise: float = 0.1
) -> tuple[np.ndarray, np.ndarray]:
    """Images of the ten digits in hands that differ, and what they show.

    Each is drawn from strokes of the kit's own, shifted, scaled, turned and slanted by chance, with
    wavy lines of random width, and normal noise on every pixel. All digits are as likely. As rows,
    an image is a sequence of `size` steps with `size` features as it stands; `pixel_sequences`
    makes one step of each pixel.

    Args:
        count: N, how many images.
        rng: draws them; the same state draws the same.
        size: pixels a side, 8 or more; 28 as in MNIST.
        noise: standard deviation of the noise; ink is 1 and paper 0.

    Returns:
        `(images [N, size, size], labels [N])`: float32 in [0, 1], dark paper and bright ink, and
        int32 from 0 to 9.

    Raises:
        KitError: `count` is no positive integer, `size` none of 8 or more, `noise` is negative.

    Example:

    >>> images, labels = digits(5, np.random.default_rng(0), size=14)
    >>> images.shape, labels.tolist()
    ((5, 14, 14), [8, 6, 5, 2, 3])
    """
    count = positive_integer("count", count)
    side = positive_integer("size", size)
    if side < _SMALLEST:
        raise KitError(
            f"a digit needs {_SMALLEST} pixels a side; received size={size}. Pass {_SMALLEST} or "
            "more."
        )
    number("noise", noise, "a finite number of 0 or more", lambda given: 0 <= given < math.inf)
    labels = rng.integers(0, CLASSES, count)
    hands = _Hands(count, rng)
    images = np.empty((count, side, side), np.float32)
    for begin in range(0, count, _RENDERED):
        part = slice(begin, begin + _RENDERED)
        images[part] = hands.drawn(labels, part, side)
    if noise:
        images += rng.normal(0, noise, images.shape)
    return np.clip(images, 0, 1), labels.astype(np.int32)


def pixel_sequences(images: np.ndarray, permutation: np.ndarray | None = None) -> np.ndarray:
    """One step for each pixel, row by row or in a fixed order of one's own.

    A permutation, the same for all images, takes what is near in the image far apart in time:
    "permuted pixels" are the harder task.

    Args:
        images: `[N, S, S']`.
        permutation: the pixels' numbers in the order of the steps, `[S · S']`, as
            `rng.permutation(784)` draws it; `None` is row by row.

    Returns:
        `[N, S · S', 1]`.

    Raises:
        KitError: `images` have no three axes, or `permutation` is none of their pixels.

    Source: Le, Jaitly and Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified
    Linear Units", 2015, section 4.2.

    Example:

    >>> image = np.array([[[1, 2], [3, 4]]])
    >>> pixel_sequences(image)[0, :, 0].tolist()
    [1, 2, 3, 4]
    >>> pixel_sequences(image, np.array([3, 0, 2, 1]))[0, :, 0].tolist()
    [4, 1, 3, 2]
    """
    if np.ndim(images) != 3:
        raise KitError(
            f"images must be [N, height, width]; received the shape {np.shape(images)}. Pass one "
            "brightness for each pixel."
        )
    pixels = images.reshape(len(images), -1, 1)
    if permutation is None:
        return pixels
    order = np.asarray(permutation)
    if not np.array_equal(np.sort(order, axis=None), np.arange(pixels.shape[1])):
        raise KitError(
            f"permutation must hold each of the {pixels.shape[1]} pixels once; received "
            f"{order.size} numbers of the type {order.dtype}. Pass e.g. "
            f"rng.permutation({pixels.shape[1]})."
        )
    return pixels[:, order]


class _Hands:
    """How each of so many digits is written."""

    def __init__(self, count: int, rng: np.random.Generator):
        def between(low: float, high: float) -> np.ndarray:
            return rng.uniform(low, high, (count, 1)).astype(np.float32)

        self.across, self.down = between(0.7, 1.05), between(0.75, 1.05)  # scale
        self.turn, self.slant = between(-0.2, 0.2), between(-0.15, 0.4)
        self.right, self.below = between(-0.08, 0.08), between(-0.08, 0.08)  # shift
        self.waves = [(between(0.0, 0.05), between(0.5, 1.5), between(0, 1)) for _ in range(2)]
        self.width = between(0.02, 0.05)  # half of a stroke's

    def drawn(self, labels: np.ndarray, part: slice, side: int) -> np.ndarray:
        """The images of one part, `[N', side, side]`, without noise."""
        centers = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
        y, x = (axis.reshape(1, -1) for axis in np.meshgrid(centers, centers, indexing="ij"))
        # From where a pixel is to where it was before the hand moved it: `[N', side²]`.
        x, y = x - self.right[part], y - self.below[part]
        turn = self.turn[part]
        x, y = np.cos(turn) * x + np.sin(turn) * y, np.cos(turn) * y - np.sin(turn) * x
        x = (x + self.slant[part] * y) / self.across[part]
        y = y / self.down[part]
        (high, often, begin), (high_2, often_2, begin_2) = (
            tuple(values[part] for values in wave) for wave in self.waves
        )
        x, y = (
            x + high * np.sin(2 * np.pi * (often * y + begin)),
            y + high_2 * np.sin(2 * np.pi * (often_2 * x + begin_2)),
        )
        distances = _looked_up(labels[part], x + 0.5, y + 0.5)
        # A pixel wide, the edge of a stroke: half ink where the stroke ends.
        ink = (self.width[part] - distances) * side + 0.5
        return np.clip(ink, 0, 1).reshape(-1, side, side)


def _looked_up(labels: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far points `[N, P]` of the unit square are from the strokes of their digits, `[N, P]`.

    Between the points of the field it is interpolated, linearly in both directions.
    """
    step = (1 + 2 * _MARGIN) / (_FIELD - 1)
    across = np.clip((x + _MARGIN) / step, 0, _FIELD - 1.001)
    down = np.clip((y + _MARGIN) / step, 0, _FIELD - 1.001)
    left, top = across.astype(np.intp), down.astype(np.intp)
    across, down = across - left, down - top
    field = _distances().reshape(-1)
    place = (labels[:, None] * _FIELD + top) * _FIELD + left
    upper = field[place] * (1 - across) + field[place + 1] * across
    place += _FIELD
    lower = field[place] * (1 - across) + field[place + 1] * across
    return upper * (1 - down) + lower * down


@functools.cache
def _distances() -> np.ndarray:
    """How far each point of a grid is from the strokes of each digit, float32 `[10, y, x]`."""
    places = np.linspace(-_MARGIN, 1 + _MARGIN, _FIELD)
    y, x = np.meshgrid(places, places, indexing="ij")
    points = np.stack([x, y], axis=-1)  # [y, x, 2]
    nearest = np.full((CLASSES, _FIELD, _FIELD), np.inf)
    for digit, strokes in enumerate(_strokes()):
        for stroke in strokes:
            for begin, end in itertools.pairwise(stroke):
                along = end - begin
                share = np.clip((points - begin) @ along / (along @ along), 0, 1)
                distance = np.linalg.norm(points - begin - share[..., None] * along, axis=-1)
                np.minimum(nearest[digit], distance, out=nearest[digit])
    return nearest.astype(np.float32)


def _strokes() -> list[list[np.ndarray]]:
    """The strokes of each digit: the corners `[P, 2]` of lines, x to the right and y down."""

    def line(*points: tuple[float, float]) -> np.ndarray:
        return np.array(points)

    def arc(x: float, y: float, across: float, down: float, begin: int, end: int) -> np.ndarray:
        """A part of an ellipse around (x, y), clockwise by degrees from the right."""
        angle = np.radians(np.linspace(begin, end, 24))
        return np.stack([x + across * np.cos(angle), y + down * np.sin(angle)], axis=1)

    two = np.concatenate([arc(0.5, 0.35, 0.2, 0.19, 190, 385), line((0.29, 0.84), (0.74, 0.84))])
    five = [line((0.69, 0.16), (0.37, 0.16), (0.34, 0.46)), arc(0.47, 0.62, 0.23, 0.22, 235, 510)]
    six = [arc(0.64, 0.64, 0.35, 0.48, 180, 265), arc(0.5, 0.65, 0.21, 0.19, 0, 360)]
    return [
        [arc(0.5, 0.5, 0.22, 0.34, 0, 360)],
        [line((0.37, 0.3), (0.53, 0.16), (0.53, 0.84))],
        [two],
        [arc(0.47, 0.33, 0.21, 0.17, 205, 450), arc(0.47, 0.67, 0.24, 0.17, 270, 515)],
        [line((0.63, 0.84), (0.63, 0.16), (0.26, 0.63), (0.76, 0.63))],
        five,
        six,
        [line((0.27, 0.16), (0.73, 0.16), (0.43, 0.84))],
        [arc(0.5, 0.33, 0.18, 0.17, 0, 360), arc(0.5, 0.67, 0.22, 0.17, 0, 360)],
        [arc(0.5, 0.35, 0.21, 0.19, 0, 360), line((0.71, 0.35), (0.69, 0.56), (0.6, 0.84))],
    ]
