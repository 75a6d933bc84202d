"""What a pipeline will yield, in a few lines of text."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

import numpy as np
import tensorflow as tf

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.encoder import TextEncoder

LOOKED_AT = 10  # batches whose padding is counted
WIDTH = 72  # characters of an example's part that are shown
_PARTS = ("inputs", "targets", "weights")


def describe(
    dataset: tf.data.Dataset,
    encoder: TextEncoder | None = None,
    file: TextIO | None = None,
    *,
    classes: Sequence[str] | None = None,
) -> None:
    """Prints shapes and types, batches an epoch, the share of padding and the first example.

    It knows what `language_model_windows`, `labelled_batches` and `series_windows` yield, and any
    batches of ids `[B, T]`, labels `[B]` or numbers `[B, T, C]`. Padding is counted in the ids
    among the inputs, over the first 10 batches alone. Of a dataset that draws a new order each
    epoch the look takes one epoch: training then begins with the second.

    Args:
        dataset: batches of inputs, `(inputs, targets)` or `(inputs, targets, weights)`.
        encoder: decodes ids, and knows which one is padding; without it they are shown as numbers,
            and padding is 0.
        file: where to print; None for standard output.
        classes: the names of labels, in the order of their ids.

    Raises:
        KitError: `dataset` is something else, or empty.

    Example:
        >>> from keras_rnn_kit.data import labelled_batches
        >>> encoder = TextEncoder.build(["a good film", "dull"], tokenizer="words")
        >>> ids = encoder.encode_many(["a good film", "dull"])
        >>> batches = labelled_batches(ids, [1, 0], batch_size=2, shuffle=False)
        >>> describe(batches, encoder, classes=["negative", "positive"])
        elements: (int32 [2, 3], int32 [2])
        batches an epoch: 1
        padding: 33.3% of the ids of the only batch
        first example:
          inputs: 'a good film'
          targets: 1 (positive)
    """
    if not isinstance(dataset, tf.data.Dataset):
        raise KitError(
            f"dataset must be a tf.data.Dataset; received {type(dataset).__name__}. "
            "Make one with labelled_batches, or with tf.data.Dataset.from_tensor_slices."
        )
    batches = list(itertools.islice(dataset.as_numpy_iterator(), LOOKED_AT))
    if not batches:
        raise KitError("dataset must hold one batch or more; received none. Pass a full one.")
    print(f"elements: {_spec(dataset.element_spec)}", file=file)
    count = int(dataset.cardinality())
    print(f"batches an epoch: {_COUNTS.get(count, f'{count:,}')}", file=file)
    pad_id = 0 if encoder is None else encoder.vocabulary.pad_id
    ids = [
        values for batch in batches for name, values in _named(batch) if _holds_ids(name, values)
    ]
    if ids and pad_id is not None:
        padded = sum(int(np.count_nonzero(values == pad_id)) for values in ids)
        share = padded / max(1, sum(values.size for values in ids))
        among = "the only batch" if len(batches) == 1 else f"the first {len(batches)} batches"
        print(f"padding: {share:.1%} of the ids of {among}", file=file)
    print("first example:", file=file)
    for name, values in _named(batches[0]):
        row = values[0] if np.ndim(values) else values
        print(f"  {name}: {_shown(row, encoder, pad_id, classes)}", file=file)


_COUNTS = {
    int(tf.data.UNKNOWN_CARDINALITY): "unknown",
    int(tf.data.INFINITE_CARDINALITY): "without end",
}


def _spec(spec: Any) -> str:
    """Types and shapes, nested as the elements are; `?` stands for a size that is not fixed."""
    if isinstance(spec, tuple):
        return f"({', '.join(_spec(part) for part in spec)})"
    if isinstance(spec, Mapping):
        return f"{{{', '.join(f'{name}: {_spec(part)}' for name, part in spec.items())}}}"
    if not isinstance(spec, tf.TensorSpec):
        return str(spec)
    if spec.shape.rank is None:
        return f"{spec.dtype.name} of any shape"
    sizes = ("?" if size is None else str(size) for size in spec.shape)
    return f"{spec.dtype.name} [{', '.join(sizes)}]"


def _named(element: Any) -> Iterator[tuple[str, Any]]:
    """The arrays of an element with a name for each: inputs, targets, inputs[0], inputs[mask]."""
    parts = element if isinstance(element, tuple) else (element,)
    for name, part in zip(_PARTS, parts, strict=False):
        if isinstance(part, (tuple, Mapping)):
            items = part.items() if isinstance(part, Mapping) else enumerate(part)
            yield from ((f"{name}[{key}]", value) for key, value in items)
        else:
            yield name, part


def _holds_ids(name: str, values: Any) -> bool:
    return name.startswith("inputs") and np.ndim(values) == 2 and values.dtype.kind in "iu"


def _shown(
    row: Any, encoder: TextEncoder | None, pad_id: int | None, classes: Sequence[str] | None
) -> str:
    """One example's part in a line."""
    array = np.asarray(row)
    ids = array.dtype.kind in "iu"
    if ids and array.ndim == 0:
        known = classes is not None and 0 <= array < len(classes)
        return f"{array} ({classes[int(array)]})" if known and classes else str(array)
    if ids and array.ndim == 1 and encoder is not None:
        text = encoder.decode(array[array != pad_id] if pad_id is not None else array, False)
        return _short(repr(text))
    return _short(_numbers(array))


def _numbers(array: np.ndarray) -> str:
    """Numbers with four digits, the variables of a point in brackets where they are several."""
    if array.dtype.kind not in "iufb":
        return repr(array.tolist())
    if array.ndim == 0:
        return f"{array[()]:.4g}" if array.dtype.kind == "f" else str(array)
    if array.ndim > 1 and array.shape[-1] == 1:
        array = array[..., 0]
    # More than these are not shown.
    parts = [_numbers(part) for part in array[:WIDTH]]
    return f"[{', '.join(parts)}]"


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 4]} ..."
