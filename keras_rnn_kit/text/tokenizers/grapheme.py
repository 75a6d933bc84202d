"""What a reader takes for one character, however many code points it has."""

import functools
import re
from collections.abc import Callable, Iterable

from keras_rnn_kit.text.characters import Ranges, class_body
from keras_rnn_kit.text.tokenizers import grapheme_classes as classes
from keras_rnn_kit.text.tokenizers.contract import Configured


class GraphemeTokenizer(Configured):
    """One token per extended grapheme cluster: a letter with its marks, a family of emoji, a flag.

    The rules are those of Unicode Standard Annex #29, "Unicode Text Segmentation", with the
    conjuncts of its rule GB9c. The properties of characters are Unicode 18's, but for marks and
    controls that the running Python's `unicodedata` does not know yet: each of those is a token
    of its own. `\\r\\n` is one token. Exact both ways.

    Example:
        >>> GraphemeTokenizer().tokenize("née 👍🏽 हिन्दी 🇫🇷🇩🇪")
        ['n', 'é', 'e', ' ', '👍🏽', ' ', 'हि', 'न्दी', ' ', '🇫🇷', '🇩🇪']
    """

    name = "graphemes"

    def tokenize(self, text: str) -> list[str]:
        """The text's grapheme clusters."""
        return _python_pattern().findall(text)

    def join(self, tokens: Iterable[str]) -> str:
        """The tokens one after the other, nothing between them."""
        return "".join(tokens)


def cluster_pattern(body: Callable[[Ranges], str]) -> str:
    """A grapheme cluster as a pattern, which finds each character of any text once.

    It is the expression of UAX #29, section 3.1, in words that Python's `re` and RE2 read alike.
    No part of it can be matched in two ways, so that a cluster of megabytes takes linear time.

    Args:
        body: spells ranges as the inside of a `[...]`.
    """

    def one_of(*ranges: Ranges) -> str:
        return f"[{''.join(map(body, ranges))}]"

    flag_half, picture = one_of(classes.REGIONAL_INDICATOR), one_of(classes.PICTOGRAPHIC)
    consonant = one_of(classes.CONSONANT)
    leading, vowel, trailing = map(one_of, (classes.HANGUL_L, classes.HANGUL_V, classes.HANGUL_T))
    with_vowel, with_trailing = one_of(classes.HANGUL_LV), one_of(classes.HANGUL_LVT)
    # What may stand between a linker and the consonant that it ties to the cluster.
    between = f"{one_of(classes.conjunct_extend(), classes.conjunct_linker())}*"
    core = "|".join(
        (
            f"{leading}*(?:{vowel}+|{with_vowel}{vowel}*|{with_trailing}){trailing}*",
            f"{leading}+",
            f"{trailing}+",
            f"{flag_half}{flag_half}",
            f"{picture}(?:{one_of(classes.extend())}*{one_of(classes.JOINER)}{picture})*",
            f"{one_of(classes.LINKER)}{between}{consonant}",
            f"[^{body(classes.control())}{body(classes.LINE_ENDS)}]",
        )
    )
    # What continues a cluster: marks, and consonants that are tied to it.
    mark, tie = one_of(classes.mark_but_linker()), one_of(classes.conjunct_linker()) + between
    tied_or_not = one_of(classes.CONSONANT, classes.mark_that_unties())
    after = f"{mark}*(?:{tie}{tied_or_not}{mark}*)*(?:{tie})?"
    # Plain ASCII first, for speed.
    return (
        rf"\r\n|(?:[ -~]|{one_of(classes.PREPEND)}*(?:{core})){after}"
        rf"|{one_of(classes.control(), classes.LINE_ENDS)}"
    )


@functools.cache
def _python_pattern() -> re.Pattern[str]:
    return re.compile(cluster_pattern(class_body))
