"""Capitals and punctuation as tags of bare words, and a text made of both again."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from keras_rnn_kit.arguments import positive_integer
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.word_cuts import code_points, cut_words

CASES = ("lower", "Capital", "UPPER")
MARKS = (",", ".", "?", "!", ";", ":")
TAGS = tuple(case + mark for mark in ("", *MARKS) for case in CASES)

_SENTENCE_ENDS = (".", "?", "!")
_PARTS = {case + mark: (case, mark) for mark in ("", *MARKS) for case in CASES}

CutAt = Literal["words", "sentences"]


@dataclass(frozen=True)
class TaggedText:
    """A text as bare words and their tags, and what of it the two can't tell.

    Attributes:
        words: the words in lower case.
        tags: of each word one of `TAGS`, its case and the mark behind it: `"lower"`, `"Capital,"`.
        dropped: the signs that no tag stands for, counted: quotes, brackets, dashes, a second mark
            in a row, a mark without white space behind it as in `3.14`.
        mixed: the words whose capitals no case stands for, as they were written, counted:
            `McDonald`, which is tagged `Capital` and comes back as `Mcdonald`.

    Example:
        >>> text = tagged_text('McDonald said: "I know."')
        >>> text.words, text.tags
        (['mcdonald', 'said', 'i', 'know'], ['Capital', 'lower:', 'Capital', 'lower.'])
        >>> dict(text.dropped), dict(text.mixed)
        ({'"': 2}, {'McDonald': 1})
    """

    words: list[str]
    tags: list[str]
    dropped: Counter[str]
    mixed: Counter[str]

    def sequences(
        self, max_words: int, at: CutAt = "words"
    ) -> Iterator[tuple[list[str], list[str]]]:
        """`(words, tags)` of one piece of the text after the other, each of `max_words` at most.

        Args:
            max_words: the longest piece.
            at: `"words"` cuts after so many words, wherever that is, as bare words without a sign
                of where a sentence ends have to be cut. `"sentences"` cuts behind the last . ? or !
                that fits, and only a longer sentence within; each piece then begins where a
                sentence does, so whoever scores tags on such pieces gives two of them away.

        Raises:
            KitError: an argument is wrong.

        Example:
            >>> text = tagged_text("He left. Then she did, too.")
            >>> [words for words, _ in text.sequences(4, at="sentences")]
            [['he', 'left'], ['then', 'she', 'did', 'too']]
        """
        most = positive_integer("max_words", max_words)
        if at not in get_args(CutAt):
            raise KitError(f"at must be 'words' or 'sentences'; received at={at!r}.")
        start = 0
        while start < len(self.words):
            stop = min(start + most, len(self.words))
            if at == "sentences" and stop < len(self.words):
                ends = (k for k in range(stop, start, -1) if self._ends_sentence(k - 1))
                stop = next(ends, stop)
            yield self.words[start:stop], self.tags[start:stop]
            start = stop

    def _ends_sentence(self, place: int) -> bool:
        return self.tags[place].endswith(_SENTENCE_ENDS)


def tagged_text(text: str) -> TaggedText:
    """The words of a text without capitals and punctuation, and tags that say what they had.

    Words are those of `WordTokenizer`, as far as they hold a letter or a number. A word's mark is
    the first of `, . ? ! ; :` that touches it, or touches what closes there (`word",`), where white
    space follows. A single capital letter is `Capital`, and what has no case is `lower`.

    Raises:
        KitError: for anything but a str.

    Example:
        >>> text = tagged_text("To be, or not to be: THAT is the question.")
        >>> list(zip(text.words, text.tags))[:3]
        [('to', 'Capital'), ('be', 'lower,'), ('or', 'lower')]
        >>> restore(text.words, text.tags)
        'To be, or not to be: THAT is the question.'
    """
    if not isinstance(text, str):
        raise KitError(f"text must be a str; received a {type(text).__name__}. Decode it first.")
    words: list[str] = []
    cases: list[str] = []
    marks: list[str] = []
    dropped: Counter[str] = Counter()
    mixed: Counter[str] = Counter()
    starts, ends = cut_words(code_points(text))
    touching, before = False, -1  # whether no white space has come since the last word
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        token = text[start:end]
        touching = touching and start == before
        before = end
        if any(map(str.isalnum, token)):
            if touching and marks[-1]:  # as in 3.14
                dropped[marks[-1]] += 1
                marks[-1] = ""
            case, exact = _case_of(token)
            mixed.update([] if exact else [token])
            words.append(token.lower())
            cases.append(case)
            marks.append("")
            touching = True
        elif touching and not marks[-1] and token in MARKS:
            marks[-1] = token
        else:
            dropped[token] += 1
    tags = [case + mark for case, mark in zip(cases, marks, strict=True)]
    return TaggedText(words, tags, dropped, mixed)


def restore(words: Iterable[str], tags: Iterable[str]) -> str:
    """The text that bare words and their tags stand for, with single spaces.

    It is the text that `tagged_text` took apart, but for the white space and what it counted.

    Raises:
        KitError: there are more words than tags or the other way round, or a tag is none of `TAGS`.

    Example:
        >>> restore(["so", "it", "goes"], ["UPPER", "lower", "lower."])
        'SO it goes.'
    """
    words, tags = list(words), list(tags)
    if len(words) != len(tags):
        raise KitError(
            f"every word needs one tag; received {len(words)} words and {len(tags)} tags. Pass as "
            "many tags as words."
        )
    written = []
    for word, tag in zip(words, tags, strict=True):
        case, mark = tag_parts(tag)
        written.append(_written(word, case) + mark)
    return " ".join(written)


def tag_parts(tag: str) -> tuple[str, str]:
    """The case and the mark of a tag; the mark is empty where none follows the word.

    Raises:
        KitError: `tag` is none of `TAGS`.

    Example:
        >>> tag_parts("Capital?")
        ('Capital', '?')
    """
    if tag not in _PARTS:
        raise KitError(
            f"a tag must be one of {', '.join(CASES)}, each alone or with one of {' '.join(MARKS)} "
            f"behind it; received {tag!r}. Pass what tagged_text gave."
        )
    return _PARTS[tag]


def _case_of(word: str) -> tuple[str, bool]:
    """The case, and whether the word in lower case and the case tell how it is written."""
    lower = word.lower()
    for case in CASES:
        if _written(lower, case) == word:
            return case, True
    capital = _written(lower, "Capital")
    # Some letters are others with another case: ß begins a sentence as Ss.
    capitalized = capital != lower and capital[0] == word[0] and capital.lower() == lower
    return "Capital" if capitalized else "lower", False


def _written(word: str, case: str) -> str:
    if case == "Capital":
        return word.capitalize()
    return word.upper() if case == "UPPER" else word
