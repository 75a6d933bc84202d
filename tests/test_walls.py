"""The walls between the packages, seen from a clean process."""

import subprocess
import sys

import pytest

TRAINERS = ("keras", "tensorflow", "tf_keras", "tensorflow_datasets", "tf2onnx", "onnx", "torch")
CASES = [
    ("keras_rnn_kit", (*TRAINERS, "onnxruntime", "numpy")),
    ("keras_rnn_kit.text", (*TRAINERS, "onnxruntime")),
    ("keras_rnn_kit.generation", (*TRAINERS, "onnxruntime")),
    ("keras_rnn_kit.runtime", (*TRAINERS, "onnxruntime")),
]


@pytest.mark.parametrize(("module", "barred"), CASES)
def test_an_import_stays_behind_its_wall(module, barred):
    # A package's files too, not only what its __init__ imports. The root's own may be for those
    # who train.
    names = "[]" if module == "keras_rnn_kit" else "pkgutil.iter_modules(package.__path__)"
    code = (
        f"import importlib, pkgutil, sys, {module} as package; "
        f"names = [m.name for m in {names} if not m.ispkg]; "
        "[importlib.import_module(f'{package.__name__}.{name}') for name in names]; "
        "top = {name.partition('.')[0] for name in sys.modules}; "
        f"print(*sorted(top & set({barred!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
