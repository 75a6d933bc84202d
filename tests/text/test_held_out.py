"""A text for a language model: what is held out, and the same reversed in time."""

import numpy as np
import pytest

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import TextEncoder, write_corpus
from keras_rnn_kit.text.held_out import held_out_text


@pytest.fixture
def path(tmp_path):
    (tmp_path / "text.txt").write_text("abcd" * 22 + "xyzxyzabcdab", encoding="utf-8")
    return tmp_path / "text.txt"


def test_the_first_part_trains_and_has_the_vocabulary(path):
    text = held_out_text(path)
    whole = path.read_text()
    assert text.characters == 100
    assert text.encoder.decode(text.train_ids) == whole[:90]
    assert len(text.val_ids) == 10
    assert text.val_ids is text.scored_ids
    assert text.prompt == whole[90:]
    # a, b, c, d, and x, y of the first 90, beside the special tokens
    assert len(text.encoder.vocabulary) == 6 + len(text.encoder.vocabulary.specials)
    assert (text.token, text.on_disk, text.backward) == ("character", False, False)
    assert text.describe() == (
        f"{path}: 100 characters, 90 characters to train and 10 to validate; |V| = "
        f"{len(text.encoder.vocabulary)}, so a uniform guess has perplexity "
        f"{len(text.encoder.vocabulary)}."
    )


def test_reversed_in_time_each_part_comes_from_its_end(path):
    text = held_out_text(path)
    turned = text.turned()
    assert turned.backward
    np.testing.assert_array_equal(turned.train_ids, text.train_ids[::-1])
    np.testing.assert_array_equal(turned.val_ids, text.val_ids[::-1])
    np.testing.assert_array_equal(turned.scored_ids, text.scored_ids[::-1])
    assert turned.encoder is text.encoder
    again = turned.turned()
    assert not again.backward
    np.testing.assert_array_equal(again.train_ids, text.train_ids)


def test_a_corpus_stays_on_disk_and_in_its_order(tmp_path):
    encoder = TextEncoder.build(["abcd"])
    write_corpus(["abcd" * 25], encoder, tmp_path / "corpus", eos=False)
    text = held_out_text(tmp_path / "corpus")
    assert (len(text.train_ids), len(text.val_ids), len(text.scored_ids)) == (90, 10, 10)
    assert (text.token, text.on_disk, text.characters) == ("token", True, 100)
    assert text.prompt == "cdabcdabcd"
    with pytest.raises(KitError, match=r"in memory can be reversed in time; received the corpus"):
        text.turned()
