"""Documents as streams of their parts, so that none has to be held whole.

A document is one part or several that follow each other; the last of them says that it is.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Part(NamedTuple):
    r"""A part of a document.

    Attributes:
        text: the characters.
        gap: None where the document goes on; where it ends, what stands between it and the next
            in one joined text. An empty document whose gap is empty has no place in that text.
    """

    text: str
    gap: str | None = None


def whole(parts: Iterable[Part]) -> Iterator[str]:
    r"""Each document whole.

    Example:
        >>> list(whole([Part("on"), Part("e", "\n"), Part("two", "\n")]))
        ['one', 'two']
    """
    held: list[str] = []
    for text, gap in parts:
        if gap is None:
            held.append(text)
        elif held:
            held.append(text)
            yield "".join(held)
            held = []
        else:
            yield text


def joined(parts: Iterable[Part]) -> str:
    r"""All documents as one text, their gaps between them.

    Example:
        >>> joined([Part("on"), Part("e", "\n"), Part("", ""), Part("two", "\n")])
        'one\ntwo'
    """
    pieces: list[str] = []
    pending = ""
    for text, gap in parts:
        if text or gap:
            pieces += [pending, text]
            pending = gap or ""
    return "".join(pieces)


def by_line(parts: Iterable[Part]) -> Iterator[Part]:
    r"""Each line as a document, the empty ones too, without its line end.

    Lines are cut at \n and \r\n alone: `str.splitlines` cuts at U+0085, U+2028 and others too,
    which stand inside real sentences. A newline at a document's end begins no further line.

    Example:
        >>> list(whole(by_line([Part("one\x85still o"), Part("ne\r\n\ntwo\n", "")])))
        ['one\x85still one', '', 'two']
    """
    begun, held = False, ""
    for text, gap in parts:
        *lines, rest = (held + text).split("\n")
        for line in lines:
            yield Part(line.removesuffix("\r"), "\n")
            begun = False
        held = ""
        if gap is None:
            if rest.endswith("\r"):  # its \n may be the next part's first
                rest, held = rest[:-1], "\r"
            if rest:
                yield Part(rest)
                begun = True
        elif rest or begun:
            yield Part(rest, "\n")
            begun = False


def lines(chunks: Iterable[str]) -> Iterator[str]:
    r"""The lines of one text that comes in chunks, each as soon as it is there; see `by_line`.

    Example:
        >>> list(lines(["one\nt", "wo\n\n"]))
        ['one', 'two', '']
    """

    def parts() -> Iterator[Part]:
        yield from map(Part, chunks)
        yield Part("", "")

    return whole(by_line(parts()))


def in_pieces(parts: Iterable[Part], size: int) -> Iterator[tuple[str, bool]]:
    r"""The documents that are not empty in pieces of up to `size`, and whether each ends its own.

    A piece is cut after the last newline within `size` characters, rather at the end of a run of
    white space than inside it; else after the last white space there; else, in a word longer than
    that, at `size`.

    Example:
        >>> list(in_pieces([Part("one two\nthree "), Part("four", "")], size=9))
        [('one two\n', False), ('three ', False), ('four', True)]
    """
    held: list[str] = []
    length = 0
    for text, gap in parts:
        held.append(text)
        length += len(text)
        if gap is None and length <= size:  # what may be the last piece waits for the end
            continue
        buffer, start = "".join(held) if len(held) > 1 else text, 0
        while len(buffer) - start > size:
            cut = _cut(buffer, start, start + size)
            yield buffer[start:cut], False
            start = cut
        rest = buffer[start:]
        if gap is None:
            held, length = [rest], len(rest)
        else:
            if rest:
                yield rest, True
            held, length = [], 0


def _cut(text: str, start: int, end: int) -> int:
    """Where to cut, at `end` or before; the text goes on behind `end`."""
    newline = last = text.rfind("\n", start, end)
    while newline >= 0 and text[newline + 1].isspace():
        newline = text.rfind("\n", start, newline)
    if last >= 0:
        return (last if newline < 0 else newline) + 1
    if text[end - 1].isspace():
        return end
    word = text[start:end].rsplit(maxsplit=1)[-1]
    return end - len(word) if len(word) < end - start else end
