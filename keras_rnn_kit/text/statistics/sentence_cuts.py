"""Where the sentences of a running text end."""

import re
from collections.abc import Iterator

# No sign is looked at more than twice, however many stand in a row.
_SENTENCE_END = re.compile(r"[.!?][\"'”’)\]]*+(?:\s+|\Z)|[。！？][」』”’）]*+\s*")


def sentences(text: str) -> Iterator[str]:
    """The sentences of a running text; joined, they are the text again.

    A sentence ends behind . ! or ? and the quotes and brackets that close there, if white space
    or the end of the text follows; behind 。！ or ？ whatever follows. The white space goes with
    the sentence before it. So "3.14" is not cut, and "Dr. Smith" is.

    Example:
        >>> list(sentences('"No." He left... 床前明月光。疑是地上霜。'))
        ['"No." ', 'He left... ', '床前明月光。', '疑是地上霜。']
    """
    return (sentence for sentence, _ in ended_sentences(text))


def ended_sentences(text: str) -> Iterator[tuple[str, bool]]:
    """`sentences`, each with whether it has ended; the last one may go on in a text behind.

    Example:
        >>> list(ended_sentences("He left. Then"))
        [('He left. ', True), ('Then', False)]
    """
    start = 0
    for end in _SENTENCE_END.finditer(text):
        yield text[start : end.end()], True
        start = end.end()
    if start < len(text):
        yield text[start:], False
