import json
import subprocess
import sys

import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Classifier, LanguageModel, load, write_spec


def test_load_goes_by_kind(bundle_folder, classifier_folder):
    assert isinstance(load(bundle_folder), LanguageModel)
    assert isinstance(load(str(classifier_folder), "auto", threads=1), Classifier)


def test_the_settings_reach_the_session(bundle_folder, classifier_folder):
    for folder in (bundle_folder, classifier_folder):
        with pytest.raises(KitError, match="provider must be one of"):
            load(folder, "tpu")
        with pytest.raises(KitError, match="threads must be"):
            load(folder, threads=0)


def test_a_model_unlike_its_spec_is_refused(bundle_folder):
    # Right checksums, wrong file: the step in the model's place.
    (bundle_folder / "model.onnx").write_bytes((bundle_folder / "step.onnx").read_bytes())
    write_spec(bundle_folder, json.loads((bundle_folder / "spec.json").read_text()))
    with pytest.raises(KitError, match=r"model\.onnx must have the inputs that spec\.json lists"):
        load(bundle_folder)


def test_serving_needs_no_trainer(bundle_folder):
    code = (
        "import sys; from keras_rnn_kit.runtime import load; "
        "assert 'onnxruntime' not in sys.modules; "
        f"print(load({str(bundle_folder)!r}).generate('b', 4, temperature=0)); "
        "assert not {'keras', 'tensorflow', 'onnx', 'tf2onnx'} & set(sys.modules); "
        "assert 'onnxruntime' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "ardc\n"
