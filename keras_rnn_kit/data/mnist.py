"""MNIST's handwritten digits, through TensorFlow Datasets."""

from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.files import StrPath
from keras_rnn_kit.text.reading.labelled import no_such_split
from keras_rnn_kit.text.reading.tfds import _builder


def digit_images(
    spec: str = "tfds:mnist", split: str = "train", data_dir: StrPath | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The images and labels of one split of a data set such as MNIST, in their order on disk.

    TensorFlow Datasets is imported when this is called. A data set that is not on disk yet is
    downloaded.

    Args:
        spec: `tfds:mnist`, or another with gray images and class labels, as `tfds:kmnist`.
        split: "train", "test", or a slice such as "train[:10%]".
        data_dir: where data sets are kept; `None` takes $TFDS_DATA_DIR, then the library's own
            place.

    Returns:
        `(images [N, height, width], labels [N])`: float32 in [0, 1], and int32.

    Raises:
        KitError: without TensorFlow Datasets, for a data set that is unknown or can't be fetched,
            a split that it lacks, or one without gray images and labels.

    Source: LeCun, Bottou, Bengio and Haffner, "Gradient-Based Learning Applied to Document
    Recognition", 1998.
    """
    builder = _builder(spec, data_dir)
    import tensorflow_datasets as tfds

    features = builder.info.features
    shape: tuple[int, ...] = features["image"].shape if "image" in features else ()
    if len(shape) != 3 or shape[-1] != 1 or "label" not in features:
        raise KitError(
            "digits must be gray images [height, width, 1] with a label; received "
            f"{spec} with the features {', '.join(features)}, image of the shape {shape}. Pass "
            "tfds:mnist, or one like it."
        )
    try:
        dataset = builder.as_dataset(split=split, shuffle_files=False)
    except (ValueError, AssertionError, KeyError):
        raise no_such_split(spec, builder.info.splits, split) from None
    images: list[Any] = []
    labels: list[Any] = []
    for batch in tfds.as_numpy(dataset.batch(1024)):
        images.append(batch["image"][..., 0])
        labels.append(batch["label"])
    return np.concatenate(images).astype(np.float32) / 255, np.concatenate(labels).astype(np.int32)
