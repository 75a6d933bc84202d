"""`strip_html` as TensorFlow operations."""

import html
from html.entities import html5
from typing import Any

import tensorflow as tf

from keras_rnn_kit.exporting.text_graphs.code_points import (
    CodePointMap,
    CodePointTable,
    decode,
    encode,
    owners,
)
from keras_rnn_kit.text.cleaning_steps import HTML_REFERENCE, HTML_TAG

_CUT = b"\xff"  # a byte that UTF-8 never has
_DECIMAL, _HEXADECIMAL = "&#[0-9]{1,7};", "&#[xX][0-9A-Fa-f]{1,6};"
_MOST_DIGITS = 7
_DIGITS = {ord(character): int(character, 16) for character in "0123456789abcdefABCDEF"}


class HtmlGraph(tf.Module):
    """`strip_html` of tf.string [B]: the tags, then all references in one pass."""

    def __init__(self) -> None:
        super().__init__(name="html")
        names = {f"&{name}": text for name, text in html5.items() if name.endswith(";")}
        texts = [text.encode() for text in names.values()]
        pairs = tf.lookup.KeyValueTensorInitializer(list(names), texts, tf.string, tf.string)
        self._names = tf.lookup.StaticHashTable(pairs, "")
        self._digit = CodePointTable(_DIGITS)
        self._numbered = CodePointMap(_numbered())

    def __call__(self, texts: Any) -> Any:
        """tf.string [B] in UTF-8 of the same."""
        texts = tf.strings.regex_replace(texts, HTML_TAG, " ")
        # Each reference becomes a piece of its own, which is looked up.
        texts = tf.strings.regex_replace(texts, f"({HTML_REFERENCE})", _CUT + rb"\1" + _CUT)
        pieces = tf.strings.split(texts, _CUT)  # ragged [B, P]
        flat = pieces.flat_values
        named = self._names.lookup(flat)
        flat = tf.where(named == "", flat, named)
        flat = self._replace_numbers(flat, _DECIMAL, 10)
        flat = self._replace_numbers(flat, _HEXADECIMAL, 16)
        rows = owners(pieces.row_splits[1:])
        return tf.strings.unsorted_segment_join(flat, rows, tf.size(texts))

    def _replace_numbers(self, pieces: Any, pattern: str, base: int) -> Any:
        """The characters in place of the pieces that are numeric references to this base."""
        where = tf.where(tf.strings.regex_full_match(pieces, pattern))  # [N, 1]
        numbers = tf.gather_nd(pieces, where)
        digits = decode(tf.strings.regex_replace(numbers, "[&#xX;]", ""))
        lengths = digits.row_lengths()
        values = self._digit(digits.to_tensor(shape=[None, _MOST_DIGITS]))  # [N, 7]
        code = tf.zeros_like(lengths, tf.int32)
        for place in range(_MOST_DIGITS):
            code = tf.where(place < lengths, code * base + values[:, place], code)
        valid = (code < 0x110000) & ~((code >= 0xD800) & (code < 0xE000))
        code = tf.where(valid, code, 0xFFFD)
        characters = encode(self._numbered(tf.RaggedTensor.from_tensor(code[:, tf.newaxis])))
        return tf.tensor_scatter_nd_update(pieces, where, characters)


def _numbered() -> dict[int, str]:
    """Code points whose reference stands for something else, or nothing: see `html.unescape`.

    They are control characters, which are read as Windows's characters where it has them, and
    code points that are no characters.
    """
    plane_ends = (plane + end for plane in range(0, 0x110000, 0x10000) for end in (0xFFFE, 0xFFFF))
    codes = (*range(0xA0), *range(0xFDD0, 0xFDF0), *plane_ends)
    read = {code: html.unescape(f"&#{code};") for code in codes}
    return {code: text for code, text in read.items() if text != chr(code)}
