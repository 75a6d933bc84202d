import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.runtime import Classifier, load, read_bundle
from keras_rnn_kit.runtime import text_model as module

from .conftest import write_classifier


@pytest.fixture
def classifier(classifier_folder):
    return load(classifier_folder)


def softmax(logits):
    weights = np.exp(np.asarray(logits, float))
    return weights / weights.sum(axis=-1, keepdims=True)


def test_labels(classifier):
    assert classifier.labels == ("negative", "positive")
    assert classifier.predict(["a good film", "bad", "dull dull fine"]) == [
        "positive",
        "negative",
        "negative",
    ]


def test_probabilities_are_the_softmax(classifier):
    probabilities = classifier.predict_proba(["good film", "bad"])
    # float32 logits.
    np.testing.assert_allclose(probabilities, softmax([[0, 2], [4, 0]]), rtol=1e-6)


def test_order_and_padding_do_not_matter(classifier):
    texts = ["good " * n + "bad " * (7 - n % 7) for n in (3, 0, 40, 1, 12, 5, 5)]
    together = classifier.predict_proba(texts)
    alone = np.vstack([classifier.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-6)  # sums of other lengths, float32


def test_small_batches_give_the_same(classifier, monkeypatch):
    texts = ["good " * n + "bad" for n in range(20)]
    whole = classifier.predict_proba(texts)
    monkeypatch.setattr(module, "_BATCH_TOKENS", 16)
    np.testing.assert_allclose(classifier.predict_proba(texts), whole, rtol=1e-6)  # as above


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_text_is_one_unk(classifier, empty):
    np.testing.assert_allclose(classifier.predict_proba([empty])[0], softmax([1, 2]), rtol=1e-6)
    np.testing.assert_array_equal(
        classifier.predict_proba([empty, "good"])[0], classifier.predict_proba(["unheard"])[0]
    )


def test_no_texts(classifier):
    assert classifier.predict([]) == []
    assert classifier.predict_proba([]).shape == (0, 2)


def test_max_length_reads_the_beginning(classifier):
    text = "good good bad bad bad bad"
    assert classifier.predict([text]) == ["negative"]
    assert classifier.predict([text], max_length=2) == ["positive"]
    with pytest.raises(KitError, match="max_length must be a positive integer"):
        classifier.predict([text], max_length=0)


def test_the_part_of_a_long_text_that_is_read_can_be_chosen(classifier):
    text = "good good bad good bad bad bad"
    assert classifier.predict([text], max_length=4, keep="head") == ["positive"]
    assert classifier.predict([text], max_length=4, keep="tail") == ["negative"]
    with pytest.raises(KitError, match="keep must be 'head', 'tail' or 'both'"):
        classifier.predict([text], max_length=4, keep="end")


def test_a_single_text_is_told(classifier):
    with pytest.raises(KitError, match=r"received a single str\. Pass \[text\]"):
        classifier.predict("good")
    with pytest.raises(KitError, match="received a bytes at 1"):
        classifier.predict(["good", b"bad"])


def test_a_language_model_is_refused(bundle_folder):
    with pytest.raises(KitError, match=r"a language_model\. Use"):
        Classifier(read_bundle(bundle_folder))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_logits_that_are_no_numbers_are_told(tmp_path, classifier, wrong):
    encoder = classifier.encoder
    table = np.zeros((len(encoder.vocabulary), 2))
    table[encoder.encode("bad")[0]] = wrong
    broken = load(write_classifier(tmp_path / "broken", encoder, table))
    assert broken.predict_proba(["good"]).tolist() == [[0.5, 0.5]]
    with pytest.raises(KitError, match="NaN or infinity for text 1"):
        broken.predict(["good", "bad"])
