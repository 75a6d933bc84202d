import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Classifier, LanguageModel, load


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
    import json

    from keras_rnn_kit.runtime import write_spec

    # Right checksums, wrong file: the step in the model's place.
    (bundle_folder / "model.onnx").write_bytes((bundle_folder / "step.onnx").read_bytes())
    write_spec(bundle_folder, json.loads((bundle_folder / "spec.json").read_text()))
    with pytest.raises(KitError, match=r"model\.onnx must have the inputs that spec\.json lists"):
        load(bundle_folder)
