"""The distribution: lazy subpackages, metadata, what travels with it."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import keras_rnn_kit

ROOT = Path(__file__).parents[1]


def test_every_subpackage_is_reached_by_attribute():
    folders = {path.parent.name for path in (ROOT / "keras_rnn_kit").glob("*/__init__.py")}
    assert folders == set(keras_rnn_kit.__all__) - {"KitError"}
    for name in folders:
        module = getattr(keras_rnn_kit, name)
        assert module is importlib.import_module(f"keras_rnn_kit.{name}")
        assert all(hasattr(module, public) for public in module.__all__)
    assert folders <= set(dir(keras_rnn_kit))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nowhere'"):
        _ = keras_rnn_kit.nowhere


def test_metadata(tmp_path):
    script = (
        "import setuptools, sys; captured = {}\n"
        "setuptools.setup = lambda **arguments: captured.update(arguments)\n"
        "exec(open('setup.py').read(), {'__file__': 'setup.py', '__name__': 'setup'})\n"
        "print(captured)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    metadata = eval(done.stdout)
    assert metadata["version"] == keras_rnn_kit.__version__
    (base,) = metadata["install_requires"]
    assert base.startswith("numpy")
    assert set(metadata["extras_require"]) == {
        "cpu",
        "gpu",
        "subwords",
        "translation",
        "train",
        "all",
        "test",
    }
    assert "keras_rnn_kit.text" in metadata["packages"]
    assert not {"recipes", "export", "tests", "benchmarks"} & set(metadata["packages"])
    for package, patterns in metadata["package_data"].items():
        folder = ROOT / package.replace(".", "/")
        assert all((folder / pattern).is_file() for pattern in patterns)


@pytest.mark.parametrize(
    "name",
    [
        "cells",
        "constraints",
        "data",
        "exporting",
        "initializers",
        "layers",
        "models",
        "training",
    ],
)
def test_without_tensorflow_the_extra_is_named(name):
    script = (
        "import sys; sys.modules['tensorflow'] = None; sys.modules['keras'] = None\n"
        f"import keras_rnn_kit.{name}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    last = done.stderr.strip().splitlines()[-1]
    assert "KitError" in last
    assert "keras-rnn-kit[train]" in last


@pytest.mark.parametrize("command", ["recipes.char_lm", "export.to_onnx", "benchmarks.training"])
def test_a_command_without_tensorflow_says_so_in_one_line(command):
    script = (
        "import runpy, sys; sys.modules['tensorflow'] = None; sys.modules['keras'] = None\n"
        f"runpy.run_module({command!r}, run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "keras-rnn-kit[train]" in done.stderr
