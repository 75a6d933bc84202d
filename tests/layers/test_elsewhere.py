"""What one process trains or writes, another has too: seeds and `.keras` files."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

from keras_rnn_kit.cells import DropoutCell, GRUCell, LSTMCell, ResidualCell, ZoneoutCell
from keras_rnn_kit.layers import RNN, Bidirectional, SimpleRNN, StackedRNN
from tests.catalogue import CATALOGUE

ROOT = Path(__file__).parents[2]
FEATURES = 3
READ = """
import sys
import keras, numpy as np
import keras_rnn_kit.layers

model = keras.saving.load_model(sys.argv[1])
given = np.load(sys.argv[2])
np.savez(sys.argv[3], *model.predict_on_batch([given["x"], given["mask"]]))
"""


def everything():
    """A model of every layer in the catalogue, each with one argument that is not its default."""
    x, mask = keras.Input((None, FEATURES)), keras.Input((None,), dtype="bool")
    layers = [entry.layer(**entry.small, return_sequences=True) for entry in CATALOGUE]
    layers += [
        RNN(ZoneoutCell(LSTMCell(3), [0.2, 0.1]), initial_state="learned", go_backwards=True),
        RNN(DropoutCell(GRUCell(3, reset_after=False), output_dropout=0.3), initial_state="random"),
        StackedRNN([ResidualCell(SimpleRNN(FEATURES).cell), GRUCell(2)], skip=True),
        Bidirectional(SimpleRNN(3, activation="relu"), merge_mode="ave"),
    ]
    model = keras.Model([x, mask], [layer(x, mask=mask) for layer in layers])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


def test_a_model_of_everything_is_read_by_another_process(tmp_path):
    rng = np.random.default_rng(1)
    x, mask = rng.normal(size=(3, 5, FEATURES)).astype("float32"), rng.random((3, 5)) < 0.7
    np.savez(tmp_path / "given.npz", x=x, mask=mask)
    model = everything()
    model.save(tmp_path / "model.keras")
    paths = [tmp_path / name for name in ("model.keras", "given.npz", "results.npz")]
    subprocess.run([sys.executable, "-c", READ, *map(str, paths)], cwd=ROOT, check=True)
    wanted, got = model.predict_on_batch([x, mask]), np.load(paths[-1])
    assert len(wanted) == len(got.files) == len(CATALOGUE) + 4
    for one, other in zip(wanted, got.values(), strict=True):
        np.testing.assert_array_equal(other, one)


def trained(seed):
    """The weights of a small model, everything in it drawn, after some steps of `fit`."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((None, FEATURES)),
            RNN(ZoneoutCell(GRUCell(8, dropout=0.2, recurrent_dropout=0.2), 0.2), True),
            RNN(DropoutCell(LSTMCell(8), 0.1, 0.1, 0.1), True, initial_state="random"),
            SimpleRNN(4, recurrent_dropout=0.3),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    # The last batch is short.
    model.fit(rng.normal(size=(40, 6, FEATURES)), rng.normal(size=(40, 1)), 16, 2, verbose=0)
    return model.get_weights()


def test_the_same_seed_trains_the_same_model():
    once, again, other = (trained(seed) for seed in (3, 3, 4))
    for one, two in zip(once, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(once[0], other[0])
