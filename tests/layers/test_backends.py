"""Under other backends of Keras the cells run through Keras's own loop, with the same results."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
import keras, numpy as np
from keras_rnn_kit import cells, layers
from keras_rnn_kit.layers.named import NamedRNN

rng = np.random.default_rng(0)
x = rng.normal(size=(3, 5, 4)).astype("float32")
mask = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1]], bool)
named = [getattr(layers, name) for name in layers.__all__]
named = [kind for kind in named if isinstance(kind, type) and issubclass(kind, NamedRNN)]
made = [kind(4, return_sequences=True) for kind in named]
made.append(layers.RNN(cells.ZoneoutCell(cells.LSTMCell(3), 0.2), initial_state="learned"))
made.append(layers.StackedRNN([cells.ResidualCell(cells.GRUCell(4)), cells.SimpleRNNCell(3)]))
made.append(layers.Bidirectional(layers.UGRNN(3), merge_mode="sum"))
results = {}
for layer in made:
    layer.build(x.shape)
    layer.set_weights([rng.normal(0, 0.3, w.shape).astype("float32") for w in layer.get_weights()])
    outputs = layer(x, mask=mask)
    results[layer.name] = keras.ops.convert_to_numpy(outputs)
    if sys.argv[2] != "tensorflow":  # where it is the engine's, which other tests look at
        layer(x, training=True)
np.savez(sys.argv[1], **results)
assert keras.backend.backend() == sys.argv[2]
"""


def results_under(backend, folder):
    path = folder / f"{backend}.npz"
    subprocess.run(
        [sys.executable, "-c", SCRIPT, path, backend],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""},
        check=True,
        capture_output=True,
    )
    return np.load(path)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_results_are_those_of_the_engine(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed, and nothing else of the kit needs it")
    wanted, got = results_under("tensorflow", tmp_path), results_under(backend, tmp_path)
    assert list(got) == list(wanted)
    assert len(got) > 15
    for name in wanted:
        # float32 results of size 1 of the same products, in another order.
        np.testing.assert_allclose(got[name], wanted[name], rtol=0, atol=1e-5, err_msg=name)
