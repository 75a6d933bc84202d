"""The walls between the packages, seen from a clean process."""

import subprocess
import sys

import pytest

TRAINERS = ("keras", "tensorflow", "tf_keras", "tensorflow_datasets", "tf2onnx", "onnx", "torch")
CASES = [
    ("keras_rnn_kit", (*TRAINERS, "onnxruntime", "numpy")),
    ("keras_rnn_kit.text", (*TRAINERS, "onnxruntime")),
    ("keras_rnn_kit.generation", (*TRAINERS, "onnxruntime")),
    ("keras_rnn_kit.reference", (*TRAINERS, "onnxruntime")),
    ("keras_rnn_kit.runtime", (*TRAINERS, "onnxruntime")),
]


@pytest.mark.parametrize(("module", "barred"), CASES)
def test_an_import_stays_behind_its_wall(module, barred):
    # A package's files too, not only what its __init__ imports. The root's own may be for those
    # who train.
    walk = "pkgutil.walk_packages(package.__path__, package.__name__ + '.')"
    names = "[]" if module == "keras_rnn_kit" else walk
    code = (
        f"import importlib, pkgutil, sys, {module} as package; "
        f"[importlib.import_module(m.name) for m in {names}]; "
        "top = {name.partition('.')[0] for name in sys.modules}; "
        f"print(*sorted(top & set({barred!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
