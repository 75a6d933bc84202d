"""The package as a whole: its names, and what it says where TensorFlow is missing."""

import subprocess
import sys

import keras_rnn_kit.data


def test_every_public_name_is_there():
    assert all(callable(getattr(keras_rnn_kit.data, name)) for name in keras_rnn_kit.data.__all__)


def test_without_tensorflow_the_extra_is_named():
    script = (
        "import sys\n"
        "sys.modules['tensorflow'] = None  # what an import of it then raises is the real error\n"
        "from keras_rnn_kit.errors import KitError\n"
        "try:\n"
        "    import keras_rnn_kit.data\n"
        "except KitError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert "needs tensorflow" in done.stdout
    assert "pip install keras-rnn-kit[train]" in done.stdout
