"""On small data sets that the tests write to disk: TensorFlow Datasets as it is, no network."""

import numpy as np
import pytest

from keras_rnn_kit.data import digit_images, memory_task
from keras_rnn_kit.errors import KitError

tfds = pytest.importorskip("tensorflow_datasets")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A folder with two data sets, found there by name: no class of theirs is registered."""

    class KitDigits(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version("1.0.0")
        SHAPE = (3, 3, 1)

        def _info(self):
            label = tfds.features.ClassLabel(num_classes=10)
            image = tfds.features.Image(shape=self.SHAPE)
            features = tfds.features.FeaturesDict({"image": image, "label": label})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, manager):
            return {"train": self._generate_examples(4), "test": self._generate_examples(2)}

        def _generate_examples(self, count):
            for i in range(count):
                yield i, {"image": np.full(self.SHAPE, 51 * i, np.uint8), "label": i}

    class KitColors(KitDigits, skip_registration=True):
        SHAPE = (3, 3, 3)

    folder = tmp_path_factory.mktemp("tfds")
    for kind in (KitDigits, KitColors):
        kind(data_dir=folder).download_and_prepare()
    return folder


def test_images_and_labels_of_a_split(data_dir):
    images, labels = digit_images("tfds:kit_digits", "train", data_dir)
    assert (images.shape, images.dtype, labels.dtype) == ((4, 3, 3), np.float32, np.int32)
    assert sorted(labels.tolist()) == [0, 1, 2, 3]
    np.testing.assert_allclose(images[:, 1, 2], labels / 5, rtol=1e-6)  # 51 of 255 is a fifth
    assert sorted(digit_images("tfds:kit_digits", "test", data_dir)[1].tolist()) == [0, 1]


def test_what_is_held_out_is_the_test_split(data_dir, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(data_dir))
    task = memory_task("pixels", 9, data="tfds:kit_digits")
    rng = np.random.default_rng(0)
    inputs, targets = task.draw(200, rng)
    assert inputs.shape == (200, 9, 1)
    assert set(targets) == {0, 1, 2, 3}
    np.testing.assert_allclose(inputs[:, 0, 0], targets / 5, rtol=1e-6)
    assert set(task.draw_held_out(200, rng)[1]) == {0, 1}
    with pytest.raises(KitError, match=r"must have 28 pixels .* 3 by 3\. Pass length=3 for rows"):
        memory_task("rows", 28, data="tfds:kit_digits")


def test_other_data_sets_are_told(data_dir):
    with pytest.raises(KitError, match=r"must be gray images .* of the shape \(3, 3, 3\)"):
        digit_images("tfds:kit_colors", data_dir=data_dir)
    with pytest.raises(KitError, match=r"split must be one that .*\(test, train\); received 'no'"):
        digit_images("tfds:kit_digits", "no", data_dir)
    with pytest.raises(KitError, match="must be one that TensorFlow Datasets knows"):
        digit_images("tfds:kit_nothing", data_dir=data_dir)
