r"""The steps of `Cleaning`, each a function of one text, or of the tokens of one.

`exporting/text_graphs/cleaning.py` has each as TensorFlow operations, which give the same text. So
a step is a pattern that Python's `re` and TensorFlow's RE2 read alike, a table of code points, or
a function of Python's for which the graph has the tables.
"""

import functools
import html
import re
import unicodedata
from collections.abc import Iterable
from html.entities import html5

from keras_rnn_kit.text import characters

# A comment or a tag. A lone < or > stays, and so does "x < y and y > z": a tag's name follows its
# < at once. A comment without an end goes on to the text's, as in a browser.
HTML_TAG = r"<!--(?s:.*?-->|.*)|<[!/]?[A-Za-z][^<>]*>"
HTML_REFERENCE = r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][0-9A-Za-z]{1,31});"

# The characters that RFC 3986 allows and a few more, all of ASCII: Chinese may follow an address
# without a space. The last one is none of the signs that belong to the sentence around it.
# RE2's \b knows ASCII alone, hence `re.ASCII` below.
URL = (
    r"(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ff][Tt][Pp]://|\b[Ww][Ww][Ww]\.)"
    r"[!#-;=?-~]*[#-&(*+\-/-9=@-\\^-|~]"
)

COMBINING_MARKS = range(0x300, 0x370)  # Unicode's block of combining diacritical marks
_LAST_ACCENTED = 0x212B  # the last letter that decomposes into a letter and such marks


def nfc(text: str) -> str:
    r"""Unicode's normalization form C: a letter and its accents are one character where one is.

    Source: Unicode Standard Annex #15, Unicode Normalization Forms.

    Example:
        >>> nfc("cafe\u0301") == "caf\u00e9"
        True
    """
    return unicodedata.normalize("NFC", text)


def nfkc(text: str) -> str:
    """Form C, and characters that differ in looks alone become the plain ones: wide letters,
    ligatures, raised numbers, no-break spaces.

    Source: Unicode Standard Annex #15, Unicode Normalization Forms.

    Example:
        >>> nfkc("Ｆｉｌｍ ﬁn x²")
        'Film fin x2'
    """
    return unicodedata.normalize("NFKC", text)


def lower(text: str) -> str:
    """Lower case, as `str.lower` writes it: a sigma at a word's end has its own form.

    Example:
        >>> lower("ΑΣ Straße")
        'ας straße'
    """
    return text.lower()


def casefold(text: str) -> str:
    """The form in which texts are compared whatever their case: ß is ss, each sigma is σ.

    Source: The Unicode Standard, section 3.13, Default Case Folding.

    Example:
        >>> casefold("ΑΣ Straße")
        'ασ strasse'
    """
    return text.casefold()


def strip_html(text: str) -> str:
    """A space for each tag and comment; then each character reference becomes its character.

    References are read as `html.unescape` reads them where they end in a semicolon: all names of
    HTML 5 (`&amp;`), decimal numbers (`&#39;`) and hexadecimal ones (`&#x27;`). `&amp;lt;` gives
    `&lt;`. Anything else stays as it is.

    Source: the HTML standard, section 13.5, Named character references.

    Example:
        >>> strip_html("Tom &amp; Jerry<br/>&#8220;isn&rsquo;t&#x201D; &unknown; x < y")
        'Tom & Jerry “isn’t” &unknown; x < y'
    """
    if "<" in text:
        text = _tag().sub(" ", text)
    return _reference().sub(_character, text) if "&" in text else text


def strip_urls(text: str) -> str:
    """A space for each web address.

    An address is what follows `http://`, `https://`, `ftp://` or `www.`, as far as ASCII goes
    without white space, quotation marks and angle brackets. Signs that close a sentence or a
    bracket (`. , ; : ! ? ' ) ] }`) stay where they end it.

    Example:
        >>> strip_urls("See www.example.com/a?b=1, (https://example.org).")
        'See  , ( ).'
    """
    # Both tests are far faster than the pattern, and most texts hold no address.
    if "://" in text or "www." in text.lower():
        return _url().sub(" ", text)
    return text


def strip_accents(text: str) -> str:
    """Latin, Greek and Cyrillic letters without their accents.

    A letter that Unicode decomposes into a letter and combining diacritical marks (U+0300 to
    U+036F) becomes that letter, so é is e, ç is c and й is и; such marks on their own go. Letters
    that are no letter with a mark stay: ø, ł, ß. So do the marks of other scripts, which are no
    ornament there: vowel signs, voiced kana, Arabic.

    Example:
        >>> strip_accents("café, Å, ŵ, ø, हिन्दी, が")
        'cafe, A, w, ø, हिन्दी, が'
    """
    if text.isascii():
        return text
    # Faster than `str.translate`, which looks at each character, up to some 25 accents in 100.
    table = accents()
    return _accented().sub(lambda match: table[ord(match[0])], text)


def zero_digits(text: str) -> str:
    """A single 0 for each run of decimal digits, of whatever script.

    Example:
        >>> zero_digits("In 1984 it cost $3.50, ٤٢ or 0.")
        'In 0 it cost $0.0, 0 or 0.'
    """
    return _digits().sub("0", text)


def single_spaces(text: str) -> str:
    r"""One space for each run of white space, line ends included, and none at either end.

    Example:
        >>> single_spaces("  to\n\tbe\u00a0or ")
        'to be or'
    """
    return " ".join(text.split())


def drop_punctuation(tokens: Iterable[str]) -> list[str]:
    """The tokens that are not punctuation through and through; emoji and other symbols stay.

    Example:
        >>> drop_punctuation(["It's", ",", "...", "well-made", "😀"])
        ["It's", 'well-made', '😀']
    """
    is_punctuation = _punctuation().fullmatch
    return [token for token in tokens if not is_punctuation(token)]


@functools.cache
def accents() -> dict[int, str]:
    """What `strip_accents` puts in a code point's place."""
    table = {}
    for code in range(0x80, _LAST_ACCENTED + 1):
        letter, *marks = list(unicodedata.normalize("NFD", chr(code)))
        if marks and letter.isalpha() and all(ord(mark) in COMBINING_MARKS for mark in marks):
            table[code] = letter
    return table | dict.fromkeys(COMBINING_MARKS, "")


@functools.lru_cache(4096)
def _numbered(reference: str) -> str:
    return html.unescape(reference)


def _character(match: re.Match[str]) -> str:
    reference = match[0]
    if reference[1] == "#":
        return _numbered(reference)
    return html5.get(reference[1:], reference)


@functools.cache
def _tag() -> re.Pattern[str]:
    return re.compile(HTML_TAG)


@functools.cache
def _reference() -> re.Pattern[str]:
    return re.compile(HTML_REFERENCE)


@functools.cache
def _url() -> re.Pattern[str]:
    return re.compile(URL, re.ASCII)


@functools.cache
def _accented() -> re.Pattern[str]:
    return re.compile(f"[{''.join(map(chr, accents()))}]")


@functools.cache
def _digits() -> re.Pattern[str]:
    return re.compile(r"\d+")  # the decimal digits of all scripts, as `characters.digits`


@functools.cache
def _punctuation() -> re.Pattern[str]:
    return re.compile(f"[{characters.class_body(characters.punctuation())}]+")
