"""The sizes that the benchmarks run, and what is drawn for them."""

import dataclasses
import itertools

import numpy as np
import numpy.typing as npt

CHARACTERS = 65  # of a small corpus; with the kit's four special tokens V = 69
VOCABULARY = CHARACTERS + 4


@dataclasses.dataclass(frozen=True)
class Shape:
    """B, T, E and H of one recurrent layer.

    Example:

    >>> str(Shape(32, 100, 64, 128))
    '32, 100, 64, 128'
    """

    batch: int
    time: int
    features: int
    units: int

    def __str__(self) -> str:
        return ", ".join(map(str, dataclasses.astuple(self)))


TRAINING = (
    Shape(16, 50, 32, 64),
    Shape(32, 100, 64, 128),
    Shape(64, 64, 64, 256),
    Shape(32, 200, 128, 512),
    Shape(128, 100, 128, 256),
)
TRAINING_ASKED = Shape(32, 100, 64, 128)  # where a factor is asked, not only "no slower"

CELLS = (Shape(32, 100, 64, 128), Shape(64, 64, 64, 256))  # where every cell is timed
STRUCTURES = TRAINING[:3]  # where what is more than one cell is timed

INFERENCE = (
    Shape(1, 100, 64, 128),
    Shape(32, 100, 64, 128),
    Shape(32, 200, 128, 512),
)
INFERENCE_ASKED = Shape(1, 100, 64, 128)
BATCHES, TIMES = (1, 8, 32, 128), (1, 20, 100, 500)
WIDTHS = ((64, 64), (64, 128), (128, 256), (128, 512))  # E, H


def whole() -> tuple[Shape, ...]:
    """Every batch with every length and width.

    Example:

    >>> len(whole())
    64
    """
    return tuple(Shape(b, t, *w) for w, b, t in itertools.product(WIDTHS, BATCHES, TIMES))


def right_padded(shape: Shape, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """A mask `[B, T]` of rows with 1 to T real steps at their front.

    One row among several is full, as in a batch that was padded to its longest text; a single row
    is padded too, or its mask would do nothing.

    Example:

    >>> mask = right_padded(Shape(3, 4, 2, 2), np.random.default_rng(0))
    >>> mask.shape, mask[0].all(), mask[:, 0].all()
    ((3, 4), np.True_, np.True_)
    """
    lengths = rng.integers(1, shape.time + 1, shape.batch)
    if shape.batch > 1:
        lengths[0] = shape.time
    else:
        lengths[0] = max(1, shape.time * 2 // 3)
    return np.arange(shape.time) < lengths[:, None]


def weights(
    shape: Shape, rng: np.random.Generator, gates: int = 1, biases: int = 1
) -> list[npt.NDArray[np.float32]]:
    """`kernel [E, G]`, `recurrent_kernel [H, G]` and the bias of a layer as Keras starts it.

    The bias is `[G]`, or `[biases, G]` where there are more. Only it is not zero, so that a peer
    that forgets it is found out.
    """
    width = gates * shape.units
    limit = np.sqrt(6 / (shape.features + width))
    kernel = rng.uniform(-limit, limit, (shape.features, width))
    orthogonal, _ = np.linalg.qr(rng.normal(size=(width, shape.units)))
    bias = rng.normal(0, 0.1, width if biases == 1 else (biases, width))
    return [array.astype(np.float32) for array in (kernel, orthogonal.T.copy(), bias)]
