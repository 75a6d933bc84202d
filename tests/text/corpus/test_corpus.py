"""A corpus on disk: the same bytes however it was written, and what is said of damaged ones."""

import dataclasses
import errno
import hashlib
import json
import os
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import (
    CharacterTokenizer,
    Cleaning,
    Corpus,
    TextEncoder,
    Vocabulary,
    is_corpus,
    repair_corpus,
    write_corpus,
)
from keras_rnn_kit.text.corpus import encoding as corpus_encoding
from keras_rnn_kit.text.corpus import shards as corpus_shards
from keras_rnn_kit.text.corpus.corpus import work_folder
from keras_rnn_kit.text.corpus.index import id_type
from keras_rnn_kit.text.corpus.writer import interrupted_encoder
from tests.text.shared import AWKWARD

TEXTS = ["to be", "", "or not", "to be: that", "is", "the question", "", ""]
WORDS = TextEncoder.build(["to be or not to be"], tokenizer="words")  # without "that", ...
AWKWARD_LETTERS = TextEncoder.build([*AWKWARD, "\ud800 half"])


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk():
    with mock.patch("os.fsync"):
        yield


class Pieces:
    """Documents in pieces of a few characters, as a stream of a large file has them."""

    def __init__(self, texts, size):
        self.texts, self.size = texts, size

    def pieces(self):
        for text in self.texts:
            cuts = range(0, max(1, len(text)), self.size)
            for cut in cuts:
                yield text[cut : cut + self.size], cut == cuts[-1]


class Stopped(Exception):
    """What stands for a kill."""


def stopping_after(count, texts):
    for number, text in enumerate(texts):
        if number == count:
            raise Stopped
        yield text


def content(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def damage(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def ids_of(encoder, texts, eos):
    """All the ids, the slow and obvious way."""
    return [i for text in texts for i in encoder.encode(text, eos=eos).tolist()]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([*AWKWARD, "\ud800 half", "\r\n"]), max_size=12).filter(any),
    st.integers(1, 40),
    st.booleans(),
    st.integers(1, 7),
    st.integers(1, 5),
)
def test_the_shards_are_the_ids_cut_to_size(
    tmp_path_factory, texts, shard_tokens, eos, size, pieces_a_group
):
    encoder, out = AWKWARD_LETTERS, tmp_path_factory.mktemp("corpus") / "corpus"
    with (
        mock.patch.object(corpus_encoding, "GROUP_PIECES", pieces_a_group),
        mock.patch("os.fsync"),
    ):
        given_texts = Pieces(texts, size) if size > 1 else texts
        corpus = write_corpus(given_texts, encoder, out, shard_tokens=shard_tokens, eos=eos)
    expected = ids_of(encoder, texts, eos)
    files = [np.fromfile(path, corpus.index.dtype).tolist() for path in corpus.files]
    assert files == [expected[i : i + shard_tokens] for i in range(0, len(expected), shard_tokens)]
    index = json.loads((out / "corpus.json").read_text())
    assert index["tokens"] == len(corpus) == len(expected)
    assert index["documents"] == len(texts)
    assert index["characters"] == sum(map(len, texts))
    assert index["unknown"] == 0
    assert [shard["sha256"] for shard in index["shards"]] == [
        hashlib.sha256(path.read_bytes()).hexdigest() for path in corpus.files
    ]
    assert sum(shard["documents"] for shard in index["shards"]) <= len(texts)
    assert corpus.encoder == encoder
    corpus.verify()


@pytest.mark.parametrize("pieces", [TEXTS, Pieces(TEXTS, 7)])
def test_any_number_of_workers_writes_the_same_bytes(tmp_path, pieces):
    with mock.patch.object(corpus_encoding, "GROUP_PIECES", 2):
        for workers in (1, 2):
            write_corpus(
                pieces, WORDS, tmp_path / str(workers), shard_tokens=3, workers=workers, eos=False
            )
    assert content(tmp_path / "1") == content(tmp_path / "2")


@pytest.mark.parametrize("shard_tokens", [1, 4, 7, 100])
@pytest.mark.parametrize("stop", range(len(TEXTS) + 1))
@pytest.mark.parametrize("size", [2, 100])
def test_an_interrupted_preparation_goes_on_to_the_same_bytes(tmp_path, shard_tokens, stop, size):
    arguments = {"shard_tokens": shard_tokens, "source": {"name": "Hamlet"}}
    with mock.patch.object(corpus_encoding, "GROUP_PIECES", 1):
        write_corpus(Pieces(TEXTS, size), WORDS, tmp_path / "whole", **arguments)
        out = tmp_path / "out"
        if stop < len(TEXTS):
            with pytest.raises(Stopped):
                write_corpus(Pieces(stopping_after(stop, TEXTS), size), WORDS, out, **arguments)
            assert not out.exists()
        write_corpus(Pieces(TEXTS, size), WORDS, out, **arguments)
    assert content(out) == content(tmp_path / "whole")
    assert not work_folder(out).exists()


@pytest.mark.parametrize("kill_at", range(12))
def test_a_kill_at_any_write_leaves_what_can_be_gone_on_with(tmp_path, kill_at):
    """Before the n-th rename: the file beside is there, half of it or all."""
    arguments = {"shard_tokens": 4}
    write_corpus(TEXTS, WORDS, tmp_path / "whole", **arguments)
    replace, renames = Path.replace, iter(range(100))

    def killed(self, target):
        if next(renames) == kill_at:
            self.write_bytes(self.read_bytes()[: kill_at % 5])
            raise Stopped
        return replace(self, target)

    out = tmp_path / "out"
    with mock.patch.object(Path, "replace", killed), pytest.raises(Stopped):
        write_corpus(TEXTS, WORDS, out, **arguments)
    write_corpus(TEXTS, WORDS, out, **arguments)
    assert content(out) == content(tmp_path / "whole")


def test_a_kill_before_the_last_rename_leaves_nothing_to_encode(tmp_path):
    out = tmp_path / "out"
    name = "keras_rnn_kit.text.corpus.writer.take_place"
    with mock.patch(name, side_effect=Stopped), pytest.raises(Stopped):
        write_corpus(TEXTS, WORDS, out)
    with pytest.raises(KitError, match=r"out.partial.*Run the same"):
        Corpus.open(out)
    assert len(write_corpus(stopping_after(0, TEXTS), WORDS, out)) == len(
        ids_of(WORDS, TEXTS, True)
    )


def interrupted(out, stop=4, **arguments):
    with mock.patch.object(corpus_encoding, "GROUP_PIECES", 1), pytest.raises(Stopped):
        write_corpus(stopping_after(stop, TEXTS), WORDS, out, shard_tokens=2, **arguments)
    assert is_corpus(work_folder(out))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"shard_tokens": 3}, "shard_tokens"),
        ({"eos": False}, "eos"),
        ({"source": "another"}, "source"),
        ({"encoder": TextEncoder.build(["be to"], tokenizer="words")}, "vocabulary"),
    ],
)
def test_an_interrupted_preparation_of_something_else_is_refused(tmp_path, change, named):
    interrupted(tmp_path / "out", source="Hamlet")
    before = content(tmp_path / "out.partial")
    arguments = {"encoder": WORDS, "shard_tokens": 2, "source": "Hamlet", **change}
    encoder = arguments.pop("encoder")
    with pytest.raises(KitError, match=f"out.partial.*received another {named}.*--overwrite"):
        write_corpus(TEXTS, encoder, tmp_path / "out", **arguments)
    assert content(tmp_path / "out.partial") == before
    write_corpus(TEXTS, encoder, tmp_path / "fresh", **arguments)
    write_corpus(TEXTS, encoder, tmp_path / "out", **arguments, overwrite=True)
    assert content(tmp_path / "out") == content(tmp_path / "fresh")


def test_where_no_shard_is_finished_nothing_is_refused(tmp_path):
    lacking = TextEncoder.build(["to"], specials=("<eos>",))
    with pytest.raises(KitError, match="unknown"):
        write_corpus(TEXTS, lacking, tmp_path / "out", source="Hamlet")
    assert interrupted_encoder(tmp_path / "out", "Hamlet") == lacking
    assert interrupted_encoder(tmp_path / "out", "Macbeth") is None
    corpus = write_corpus(TEXTS, WORDS, tmp_path / "out", source="Macbeth")
    assert corpus.encoder == WORDS


@pytest.mark.parametrize("texts", [["to be!", *TEXTS[1:]], TEXTS[:1]])
def test_texts_that_are_others_than_before_are_refused(tmp_path, texts):
    interrupted(tmp_path / "out")
    with pytest.raises(KitError, match=r"the texts must be those .*out.partial was begun with"):
        write_corpus(texts, WORDS, tmp_path / "out", shard_tokens=2)
    write_corpus(TEXTS, WORDS, tmp_path / "out", shard_tokens=2)


def test_overwrite_goes_on_with_the_same_and_replaces_what_was_there(tmp_path):
    write_corpus(["be"], WORDS, tmp_path / "out")
    with pytest.raises(KitError, match=r"must not be there yet.*--overwrite"):
        write_corpus(TEXTS, WORDS, tmp_path / "out", shard_tokens=2)
    interrupted(tmp_path / "out", overwrite=True)
    assert len(Corpus.open(tmp_path / "out")) == 2  # until the new one is whole
    passed = []
    corpus = write_corpus(
        TEXTS,
        WORDS,
        tmp_path / "out",
        shard_tokens=2,
        overwrite=True,
        progress=lambda so_far: passed.append(so_far.passed),
    )
    assert len(corpus) == len(ids_of(WORDS, TEXTS, True))
    assert passed[-1] > 0


def test_a_damaged_index_of_an_interrupted_preparation(tmp_path):
    interrupted(tmp_path / "out")
    (tmp_path / "out.partial" / "corpus.json").write_text("{")
    with pytest.raises(KitError, match=r"corpus\.json must be the index of a corpus.*--overwrite"):
        write_corpus(TEXTS, WORDS, tmp_path / "out", shard_tokens=2)
    with pytest.raises(KitError, match=r"corpus\.json"):
        interrupted_encoder(tmp_path / "out", None)
    assert interrupted_encoder(tmp_path / "out", None, overwrite=True) is None
    write_corpus(TEXTS, WORDS, tmp_path / "out", shard_tokens=2, overwrite=True)


def test_the_encoder_of_an_interrupted_preparation(tmp_path):
    assert interrupted_encoder(tmp_path / "out", ["Hamlet"]) is None
    interrupted(tmp_path / "out", source=("Hamlet",))
    assert interrupted_encoder(tmp_path / "out", ("Hamlet",)) == WORDS
    with pytest.raises(KitError, match="another source"):
        interrupted_encoder(tmp_path / "out", "Macbeth")
    assert interrupted_encoder(tmp_path / "out", "Macbeth", overwrite=True) is None


@pytest.mark.parametrize("how", ["damaged", "gone", "short"])
def test_a_finished_shard_that_was_damaged_since_is_written_again(tmp_path, how):
    write_corpus(TEXTS, WORDS, tmp_path / "whole", shard_tokens=2)
    interrupted(tmp_path / "out")
    shard = tmp_path / "out.partial" / "ids-00001.bin"
    if how == "damaged":
        damage(shard)
    elif how == "gone":
        shard.unlink()
    else:
        shard.write_bytes(shard.read_bytes()[:-1])
    write_corpus(TEXTS, WORDS, tmp_path / "out", shard_tokens=2)
    assert content(tmp_path / "out") == content(tmp_path / "whole")


def test_a_full_disk_is_told_and_gone_on_with(tmp_path):
    write_corpus(TEXTS, WORDS, tmp_path / "whole", shard_tokens=3)
    write_whole = corpus_shards.write_whole

    def full(path, data):
        if path.name == "ids-00002.bin":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_whole(path, data)

    out = tmp_path / "out"
    with (
        mock.patch.object(corpus_shards, "write_whole", full),
        pytest.raises(KitError, match=r"No space left on device.*goes on after the last whole"),
    ):
        write_corpus(TEXTS, WORDS, out, shard_tokens=3)
    assert not out.exists()
    told = []
    write_corpus(TEXTS, WORDS, out, shard_tokens=3, progress=told.append)
    assert content(out) == content(tmp_path / "whole")
    assert told[0].shards == 2


def test_a_second_process_is_kept_out(tmp_path):
    fcntl = pytest.importorskip("fcntl")
    interrupted(tmp_path / "out")
    handle = os.open(tmp_path / "out.partial", os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        with pytest.raises(KitError, match="one process at a time"):
            write_corpus(TEXTS, WORDS, tmp_path / "out", shard_tokens=2)
    finally:
        os.close(handle)
    write_corpus(TEXTS, WORDS, tmp_path / "out", shard_tokens=2)


def test_a_folder_of_something_else_in_the_works_place_is_left_alone(tmp_path):
    (tmp_path / "out.partial").mkdir()
    (tmp_path / "out.partial" / "precious").write_text("kept")
    with pytest.raises(KitError, match=r"out.partial.*something else"):
        write_corpus(TEXTS, WORDS, tmp_path / "out")
    assert (tmp_path / "out.partial" / "precious").read_text() == "kept"


@pytest.mark.parametrize(("texts", "eos"), [([], True), ([], False), (["", " "], False)])
def test_no_tokens_are_refused_and_nothing_stays(tmp_path, texts, eos):
    with pytest.raises(KitError, match=f"at least one token; received {len(texts)} documents"):
        write_corpus(texts, WORDS, tmp_path / "out", eos=eos)
    assert list(tmp_path.iterdir()) == []


def test_one_string_is_one_document(tmp_path):
    corpus = write_corpus("to be", WORDS, tmp_path / "out")
    assert corpus.ids(0, 3).tolist() == WORDS.encode("to be", eos=True).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"texts": [b"to be"]}, "texts must be strings; received bytes"),
        ({"shard_tokens": 0}, "shard_tokens must be a positive integer"),
        ({"workers": 0}, "workers must be a positive integer"),
        ({"source": {1, 2}}, "source must be of JSON's types"),
        (
            {"encoder": TextEncoder.build(["to be"], specials=("<unk>",))},
            "<eos> must be among the vocabulary's specials",
        ),
        (
            {"encoder": TextEncoder.build(["to"], specials=("<eos>",)), "workers": 2},
            "which has no <unk>.*received .* unknown",
        ),
    ],
)
def test_wrong_arguments_are_told(tmp_path, change, message):
    arguments = {"texts": TEXTS, "encoder": WORDS, "out": tmp_path / "out", **change}
    with pytest.raises(KitError, match=message):
        write_corpus(**arguments)
    assert not (tmp_path / "out").exists()


def test_an_output_below_a_file_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(KitError, match="writable"):
        write_corpus(TEXTS, WORDS, tmp_path / "file" / "out")


def test_little_is_read_ahead(tmp_path):
    taken = []

    def texts():
        for number in range(40):
            taken.append(number)
            yield "to be"

    ahead = []
    with mock.patch.object(corpus_encoding, "GROUP_PIECES", 1):
        write_corpus(
            texts(),
            WORDS,
            tmp_path / "out",
            workers=2,
            progress=lambda so_far: ahead.append(len(taken) - so_far.tokens // 3),
        )
    assert max(ahead) <= 2 * 2 + 1
    assert max(ahead) > 1  # it does work ahead


def test_a_cleaning_is_applied_and_unknown_tokens_are_counted(tmp_path):
    encoder = TextEncoder.build(["a b"], tokenizer="words", cleaning=Cleaning("lower"))
    corpus = write_corpus(["A c", "B C d"], encoder, tmp_path / "out", shard_tokens=2, eos=False)
    assert corpus.encoder.decode(corpus.ids(0, 5), skip_specials=False).split() == (
        ["a", "<unk>", "b", "<unk>", "<unk>"]
    )
    assert [shard.unknown for shard in corpus.index.shards] == [1, 1, 1]
    assert corpus.index.unknown_rate == 3 / 5


@pytest.mark.parametrize(
    ("size", "dtype"), [(1, "uint8"), (256, "uint8"), (257, "uint16"), (65537, "uint32")]
)
def test_ids_are_as_narrow_as_the_vocabulary_allows(tmp_path, size, dtype):
    letters = [chr(0x10000 + i) for i in range(size)]
    encoder = TextEncoder(CharacterTokenizer(), Vocabulary(letters, specials=()))
    out = tmp_path / "out"
    corpus = write_corpus([letters[-1] + letters[0]], encoder, out, eos=False, shard_tokens=1)
    assert id_type(size) == corpus.index.dtype == dtype
    assert corpus.files[0].read_bytes() == (size - 1).to_bytes(np.dtype(dtype).itemsize, "little")
    assert corpus.ids(0, 2).tolist() == [size - 1, 0]
    assert corpus.ids(0, 2).dtype == np.int32


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(TEXTS, WORDS, tmp_path / "corpus", shard_tokens=4)


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_ids_across_borders_and_ranges(tmp_path_factory, data):
    out = tmp_path_factory.mktemp("corpus") / "corpus"
    corpus = write_corpus(TEXTS, WORDS, out, shard_tokens=data.draw(st.integers(1, 30)))
    expected = ids_of(WORDS, TEXTS, True)
    share = data.draw(st.floats(0.01, 0.99))
    cut = int(len(expected) * share)
    for part, ids in zip(corpus.split(share), (expected[:cut], expected[cut:]), strict=True):
        assert len(part) == len(ids)
        start = data.draw(st.integers(0, len(ids)))
        stop = data.draw(st.integers(start, len(ids)))
        assert part.ids(start, stop).tolist() == ids[start:stop]
    again = dataclasses.replace(corpus).split(share)[1]
    if len(again) > 3:
        assert again.split(0.5)[1].ids(0, 1).tolist() == [expected[cut + len(again) // 2]]


@pytest.mark.parametrize("limits", [(-1, 2), (3, 2), (0, 99)])
def test_ids_outside_are_refused(corpus, limits):
    with pytest.raises(KitError, match=rf"range within \[0, {len(corpus)}\]"):
        corpus.ids(*limits)


@pytest.mark.parametrize("share", [0, 1, -0.5, float("nan")])
def test_a_share_of_all_or_nothing_is_refused(corpus, share):
    with pytest.raises(KitError, match="share must lie between 0 and 1"):
        corpus.split(share)


def test_it_shows_itself(corpus):
    assert repr(corpus) == f"Corpus('{corpus.folder}', {len(corpus)} ids)"
    assert repr(corpus.split(0.5)[1]).endswith("ids, from 9 to 19)")


@pytest.mark.parametrize("name", ["missing", "file", "empty"])
def test_what_is_no_corpus(tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    assert not is_corpus(tmp_path / name)
    with pytest.raises(KitError, match=f"a corpus must be a folder with corpus.json.*{name}"):
        Corpus.open(tmp_path / name)


def test_an_unfinished_corpus_says_how_to_go_on(tmp_path):
    assert not is_corpus(tmp_path / "out")
    interrupted(tmp_path / "out")
    for folder in ("out", "out.partial"):
        assert is_corpus(tmp_path / folder)
        with pytest.raises(KitError, match=r"interrupted.*out\.partial\. Run the same"):
            Corpus.open(tmp_path / folder)
    with pytest.raises(KitError, match="only a complete corpus can be repaired"):
        repair_corpus(TEXTS, tmp_path / "out.partial")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "the format must be 1; received 2. Install the version"),
        ({"dtype": "int64"}, "dtype"),
        ({"shards": 3}, "its shards are no list"),
        ({"shards": [3]}, "its shards are no list"),
        ({"shard_tokens": 5}, "shard 0 does not fit"),
        ({"shard_tokens": 3}, "shard 0"),
        ({"eos": "yes"}, "eos is 'yes'"),
        ({"documents": -1}, "documents is -1"),
    ],
)
def test_an_index_that_is_damaged_or_newer(corpus, change, message):
    path = corpus.folder / "corpus.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(KitError, match=rf"corpus\.json.*{message}"):
        Corpus.open(corpus.folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", "\xff", '{"format": 1}', "[" * 100_000])
def test_an_index_that_is_none(corpus, text):
    (corpus.folder / "corpus.json").write_bytes(text.encode("latin-1"))
    message = r"corpus\.json must (be the index.*damaged|hold an object with format)"
    with pytest.raises(KitError, match=message):
        Corpus.open(corpus.folder)


def test_a_shard_of_another_folder_is_not_read(corpus):
    path = corpus.folder / "corpus.json"
    path.write_text(path.read_text().replace("ids-00000.bin", "../ids-00000.bin"))
    with pytest.raises(KitError, match="shard 0 does not fit"):
        Corpus.open(corpus.folder)


def test_another_vocabulary_is_refused(corpus):
    encoder = TextEncoder.build(["be to"], tokenizer="words")
    encoder.save(corpus.folder / "vocabulary.json")
    with pytest.raises(KitError, match=r"vocabulary\.json must be the vocabulary that the corpus"):
        Corpus.open(corpus.folder)
    with pytest.raises(KitError, match=r"vocabulary\.json must be the vocabulary that the corpus"):
        repair_corpus(TEXTS, corpus.folder)


def test_missing_and_cut_shards_are_named_when_opening(corpus):
    corpus.files[1].write_bytes(corpus.files[1].read_bytes()[:-1])
    with pytest.raises(KitError, match=r"ids-00001\.bin must have 4 bytes; received 3 .*--repair"):
        Corpus.open(corpus.folder)
    corpus.files[1].unlink()
    with pytest.raises(
        KitError, match=r"ids-00001\.bin must have 4 bytes; received none.*--repair"
    ):
        Corpus.open(corpus.folder)
    with pytest.raises(KitError, match=r"ids-00001\.bin.*--repair"):
        corpus.ids(4, 5)


def test_altered_shards_are_found_and_repaired(corpus):
    before = content(corpus.folder)
    for number in (0, 2):
        damage(corpus.files[number])
    corpus.files[3].unlink()
    names = "ids-00000.bin, ids-00002.bin, ids-00003.bin"
    with pytest.raises(KitError, match=f"received 3 damaged or missing: {names}.*--repair"):
        corpus.verify()
    assert ", ".join(repair_corpus(TEXTS, corpus.folder)) == names
    assert content(corpus.folder) == before
    assert repair_corpus(stopping_after(1, TEXTS), corpus.folder) == []


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_any_shards_of_any_texts_are_repaired(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("corpus") / "corpus"
    texts = Pieces(data.draw(st.lists(st.sampled_from(AWKWARD), min_size=1, max_size=8)), 3)
    size = data.draw(st.integers(1, 20))
    corpus = write_corpus(texts, AWKWARD_LETTERS, folder, shard_tokens=size)
    before = content(folder)
    for path in data.draw(st.sets(st.sampled_from(corpus.files))):
        path.unlink()
    repair_corpus(texts, folder)
    assert content(folder) == before


@pytest.mark.parametrize("texts", [["to be", "", "not or", *TEXTS[3:]], TEXTS[:2]])
def test_a_repair_from_other_texts_changes_nothing(corpus, texts):
    damage(corpus.files[1])
    before = content(corpus.folder)
    with pytest.raises(KitError, match=r"the texts must be those .*ids-00001\.bin would differ"):
        repair_corpus(texts, corpus.folder)
    assert content(corpus.folder) == before


def test_a_repair_that_cannot_be_written_is_told(corpus):
    damage(corpus.files[1])
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (
        mock.patch("keras_rnn_kit.text.corpus.repair.write_whole", side_effect=full),
        pytest.raises(KitError, match=r"ids-00001\.bin must be .*No space left on device"),
    ):
        repair_corpus(TEXTS, corpus.folder)
