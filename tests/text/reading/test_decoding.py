import codecs
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.reading.decoding import check_encoding, decoded
from tests.text.shared import AWKWARD

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-7", "gb18030")
SIZES = (1, 2, 3, 5, 1 << 16)


def read(data, encoding="utf-8", size=1 << 16, **how):
    return "".join(decoded(io.BytesIO(data).read, "it", encoding, size=size, **how))


def expected(data, encoding):
    """The whole at once, as Python decodes it."""
    return data.decode(encoding).removeprefix("\ufeff").replace("\r\n", "\n")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_awkward_texts_come_back_in_chunks_of_any_size(encoding, size):
    for text in (*AWKWARD, "\r\n" * 4, "\ufeff\ufeff\r", "a\r\r\n\r"):
        data = text.encode(encoding)
        assert read(data, encoding, size) == expected(data, encoding)


texts = st.text(st.sampled_from("a\r\n\x85\0é字😀\ufeff")) | st.text(
    st.characters(exclude_categories=["Cs"])
)


@settings(deadline=None)
@given(texts, st.sampled_from(ENCODINGS), st.integers(1, 9))
def test_any_text_comes_back_in_chunks_of_any_size(text, encoding, size):
    data = text.encode(encoding)
    assert read(data, encoding, size) == expected(data, encoding)


@settings(deadline=None)
@given(st.binary(), st.sampled_from(["utf-8", "utf-16", "utf-32-be", "gb18030"]), st.integers(1, 9))
def test_any_bytes_are_read_or_refused_where_python_refuses_them(data, encoding, size):
    try:
        text = expected(data, encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        place = f"0x{data[error.start]:02x} at byte offset {error.start} (line {line})."
        with pytest.raises(
            KitError,
            match=re.escape(f"it must be valid {encoding}; received byte ") + re.escape(place),
        ):
            read(data, encoding, size)
    else:
        assert read(data, encoding, size) == text


@pytest.mark.parametrize("size", SIZES)
def test_what_stands_before_a_wrong_byte_is_given_out(size):
    chunks = decoded(io.BytesIO("zwölf\nx".encode() + b"\xff\xfe").read, "it", "utf-8", size=size)
    found = []
    with pytest.raises(KitError, match=r"byte 0xff at byte offset 8 \(line 2\)\. Pass --encoding"):
        found.extend(chunks)
    assert "".join(found) == "zwölf\nx"


@pytest.mark.parametrize("size", SIZES)
def test_a_character_cut_off_by_the_end(size):
    with pytest.raises(KitError, match=r"byte 0xe5 at byte offset 3 \(line 2\)"):
        read(b"ab\n" + "字".encode()[:2], size=size)
    with pytest.raises(KitError, match=r"must be valid utf-16; .* offset 4 "):
        read("ab".encode("utf-16")[:-1], "utf-16", size)


def test_a_place_in_what_was_packed_says_so():
    with pytest.raises(KitError, match=r"offset 1 \(line 1\) of the decompressed text\. Pass"):
        read(b"a\xff", unpacked=True)


@pytest.mark.parametrize("size", SIZES)
def test_marks(size):
    assert read(codecs.BOM_UTF8 + "é\ufeff".encode(), size=size) == "é\ufeff"
    assert read(codecs.BOM_UTF16_BE + "é".encode("utf-16-be"), "utf-16", size) == "é"
    assert read(codecs.BOM_UTF32_BE + "é".encode("utf-32-be"), "utf-32", size) == "é"
    for encoding in ("utf-16", "UTF_16", "utf-32"):  # without one, the machine's order
        data = "éab".encode(encoding)[4 if "32" in encoding else 2 :]
        assert read(data, encoding, size) == data.decode(encoding) == "éab"


def test_no_empty_chunk_and_no_more_reads_than_needed():
    sizes = []

    def ask(size):
        sizes.append(size)
        return data.read(size)

    data = io.BytesIO("a\r\n字".encode())
    assert list(decoded(ask, "it", "utf-8", size=1)) == ["a", "\n", "字"]
    assert sizes == [1] * 7  # six bytes, and the end


@pytest.mark.parametrize("name", ["utf-99", "hex", "rot13", "", "a\0b"])
def test_unknown_encodings(name):
    with pytest.raises(KitError, match="encoding must be one that Python knows; received"):
        check_encoding(name)
    with pytest.raises(KitError, match="encoding must be one that Python knows; received"):
        read(b"", name)


def test_a_codec_that_tells_no_place():
    with pytest.raises(KitError, match=r"it must be valid undefined; received bytes that are not"):
        read(b"a", "undefined")
