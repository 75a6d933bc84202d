"""What `describe` prints, line by line."""

import io

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_kit.data import describe, labelled_batches, language_model_windows, series_windows
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import TextEncoder, Vocabulary, WordTokenizer


def said(dataset, *arguments, **more):
    file = io.StringIO()
    describe(dataset, *arguments, file=file, **more)
    return file.getvalue().splitlines()


def test_windows_of_a_language_model():
    text = "to be or\nnot to be"
    encoder = TextEncoder.build(text)
    windows = language_model_windows(
        encoder.encode(text), batch_size=2, seq_length=8, partition="sequential"
    )
    assert said(windows, encoder) == [
        "elements: (int32 [2, 8], int32 [2, 8])",
        "batches an epoch: 1",
        "padding: 0.0% of the ids of the only batch",
        "first example:",
        "  inputs: 'to be or'",
        "  targets: 'o be or\\n'",
    ]


def test_labelled_texts_with_and_without_their_encoder():
    encoder = TextEncoder.build(["a good film", "dull"], tokenizer="words")
    ids = encoder.encode_many(["a fine film", "dull", "dull dull"])
    batches = labelled_batches(ids, [2, 0, 0], batch_size=2, shuffle=False)
    assert said(batches, encoder, classes=["negative", "neutral", "positive"]) == [
        "elements: (int32 [?, 3], int32 [?])",
        "batches an epoch: 2",
        "padding: 33.3% of the ids of the first 2 batches",  # 3 of 9
        "first example:",
        "  inputs: 'a <unk> film'",
        "  targets: 2 (positive)",
    ]
    assert said(batches)[-2:] == ["  inputs: [4, 1, 6]", "  targets: 2"]
    assert said(batches, classes=["negative"])[-1] == "  targets: 2"


def test_padding_is_counted_over_ten_batches():
    rows = tf.data.Dataset.from_tensor_slices(np.eye(12, dtype=np.int32)).batch(1)
    assert said(rows)[:3] == [
        "elements: int32 [?, 12]",
        "batches an epoch: 12",
        "padding: 91.7% of the ids of the first 10 batches",
    ]


def test_series_of_one_and_of_several_variables():
    one = series_windows([1, 2.5, 1e9, 0.12345], window=3, batch_size=1, shuffle=False)
    assert said(one) == [
        "elements: (float32 [1, 3, 1], float32 [1, 1, 1])",
        "batches an epoch: 1",
        "first example:",
        "  inputs: [1, 2.5, 1e+09]",
        "  targets: [0.1235]",
    ]
    two = series_windows([[1, 2], [3, 4], [5, 6]], window=2, batch_size=9, shuffle=False)
    assert said(two)[-2:] == ["  inputs: [[1, 2], [3, 4]]", "  targets: [[5, 6]]"]


def test_long_parts_are_shortened():
    encoder = TextEncoder.build("ab")
    ids = encoder.encode("ab" * 100)
    windows = language_model_windows(ids, batch_size=1, seq_length=100, partition="sequential")
    *_, inputs, targets = said(windows, encoder)
    assert inputs == "  inputs: '" + "ab" * 33 + "a ..."
    assert len(inputs) == len("  inputs: ") + 72
    assert targets == "  targets: '" + "ba" * 33 + "b ..."


def test_other_datasets():
    element = (
        {"tokens": np.array([[5, 0]]), "mask": np.array([[True, False]])},
        np.array([[0.5]]),
        np.array([2.0], np.float32),
    )
    dataset = tf.data.Dataset.from_tensors(element).repeat()
    assert said(dataset) == [
        "elements: ({tokens: int64 [1, 2], mask: bool [1, 2]}, float64 [1, 1], float32 [1])",
        "batches an epoch: without end",
        "padding: 50.0% of the ids of the first 10 batches",
        "first example:",
        "  inputs[tokens]: [5, 0]",
        "  inputs[mask]: [True, False]",
        "  targets: [0.5]",
        "  weights: 2",
    ]
    pair = ((np.array([[1, 2]]), np.array([[3]])), np.array([[4]]))
    dataset = tf.data.Dataset.from_tensors(pair).filter(lambda x, y: True)
    assert said(dataset)[1:] == [
        "batches an epoch: unknown",
        "padding: 0.0% of the ids of the only batch",
        "first example:",
        "  inputs[0]: [1, 2]",
        "  inputs[1]: [3]",
        "  targets: [4]",
    ]
    texts = tf.data.Dataset.from_tensors((np.array([b"dull"]), np.int64(1)))
    assert said(texts)[2:] == ["first example:", "  inputs: b'dull'", "  targets: 1"]


def test_the_look_takes_one_epoch_of_a_dataset_that_is_shuffled_anew():
    def epochs(count):
        dataset = series_windows(range(30), window=2, batch_size=4, seed=0)
        if count == 2:
            said(dataset)
        return [[y.ravel().tolist() for _, y in dataset.as_numpy_iterator()] for _ in range(count)]

    assert epochs(3)[1:] == epochs(2)


def test_a_vocabulary_without_padding_has_no_share_of_it():
    encoder = TextEncoder(WordTokenizer(), Vocabulary(["a", "b"], specials=()))
    batches = tf.data.Dataset.from_tensors(np.array([[0, 1]]))
    assert said(batches, encoder)[2:] == ["first example:", "  inputs: 'a b'"]


def test_standard_output_is_the_default(capsys):
    describe(tf.data.Dataset.from_tensors(np.array([[1]])))
    assert capsys.readouterr().out.startswith("elements: int64 [1, 1]\n")


def test_what_it_refuses():
    with pytest.raises(KitError, match=r"dataset must be a tf\.data\.Dataset; received list"):
        describe([([1], [2])])
    empty = tf.data.Dataset.from_tensors(np.array([[1]])).take(0)
    with pytest.raises(KitError, match="dataset must hold one batch or more"):
        describe(empty)
    encoder = TextEncoder.build("ab")
    with pytest.raises(KitError, match="ids must be from 0 to 5"):
        describe(tf.data.Dataset.from_tensors(np.array([[9]])), encoder, file=io.StringIO())
