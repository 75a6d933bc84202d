import re
import sys
import unicodedata

from keras_rnn_kit.text import characters


def members(ranges):
    return {chr(code) for low, high in ranges for code in range(low, high + 1)}


def test_space_is_pythons_white_space():
    assert members(characters.SPACE) == {
        chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()
    }


def test_chinese_characters_are_letters_or_numbers_by_name():
    for character in members(characters.HAN):
        name = unicodedata.name(character, "")
        assert not name or "IDEOGRAPH" in name, (character, name)


def test_word_characters_are_what_re_takes_and_the_marks_without_chinese():
    word = re.compile(r"\w")
    expected = {chr(code) for code in range(sys.maxunicode + 1) if word.match(chr(code))}
    expected |= members(characters.marks())
    assert members(characters.word_characters()) == expected - members(characters.HAN)


def test_classes_do_not_overlap():
    word = members(characters.word_characters())
    for other in (characters.SPACE, characters.HAN, characters.JOINERS):
        assert not word & members(other)


def test_marks_and_punctuation_are_complete():
    # The scans stop early for speed; nothing of their categories lies above but dress for emoji.
    everything = [chr(code) for code in range(sys.maxunicode + 1)]
    marks = {c for c in everything if unicodedata.category(c) in ("Mn", "Mc")}
    assert {ord(c) for c in marks - members(characters.marks())} == {
        *range(0xFE00, 0xFE10),
        *range(0xE0100, 0xE01F0),
    }
    signs = {c for c in everything if unicodedata.category(c).startswith("P")}
    assert members(characters.punctuation()) == signs | set("$+<=>^`|~")
