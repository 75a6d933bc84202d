"""Tokens and their ids."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from keras_rnn_kit.errors import KitError

SPECIALS = ("<pad>", "<unk>", "<bos>", "<eos>")


class Vocabulary:
    """A list of tokens; a token's place is its id.

    The specials come first, in the order given: `<pad>` fills a batch, `<unk>` stands for any
    token that is not listed, `<bos>` and `<eos>` begin and end a text. Each may be left out, and
    its id (`pad_id`, `unk_id`, `bos_id`, `eos_id`) is None then.

    Args:
        tokens: the tokens after the specials, each once.
        specials: the specials, each spelled `<name>`, a spelling that none of the kit's
            tokenizers ever cuts out of a text.
        counts: how often each of `tokens` was seen, for reports; not saved, not compared.

    Raises:
        KitError: for a token that is listed twice, empty or not a string, or a special that is
            not spelled `<name>`.

    Example:
        >>> v = Vocabulary.build("abracadabra")
        >>> v.tokens
        ('<pad>', '<unk>', '<bos>', '<eos>', 'a', 'b', 'r', 'c', 'd')
        >>> v.encode(["a", "b", "z"])
        array([4, 5, 1], dtype=int32)
        >>> v.decode([6, 4])
        ['r', 'a']
    """

    def __init__(
        self,
        tokens: Iterable[str],
        specials: Sequence[str] = SPECIALS,
        counts: Sequence[int] | None = None,
    ) -> None:
        self.specials = tuple(specials)
        own = tuple(tokens)
        for special in self.specials:
            if not _is_special(special):
                raise KitError(
                    f"a special token must be spelled <name>; received {special!r}. "
                    f"Choose among {', '.join(SPECIALS)}, or write a name of your own in <>."
                )
        for token in own:
            if not isinstance(token, str) or not token:
                raise KitError(f"a token must be a string that is not empty; received {token!r}.")
        if counts is not None and len(counts) != len(own):
            raise KitError(
                f"counts must have one number for each token; received {len(counts)} counts for "
                f"{len(own)} tokens."
            )
        self.tokens = self.specials + own
        self.counts = None if counts is None else tuple(counts)
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            twice = next(t for t, n in Counter(self.tokens).items() if n > 1)
            raise KitError(
                f"a vocabulary must list each token once; received {twice!r} twice. "
                "Take the second one out."
            )
        self.pad_id, self.unk_id, self.bos_id, self.eos_id = map(self._ids.get, SPECIALS)

    @classmethod
    def build(
        cls,
        tokens: Iterable[str],
        *,
        min_frequency: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = SPECIALS,
    ) -> "Vocabulary":
        """Count `tokens` and keep the frequent ones; see `from_counts`.

        Args:
            tokens: the tokens of a corpus.
            min_frequency, max_size, specials: see `from_counts`.

        Example:
            >>> Vocabulary.build("abracadabra", min_frequency=2, specials=("<unk>",)).tokens
            ('<unk>', 'a', 'b', 'r')
        """
        return cls.from_counts(
            Counter(tokens), min_frequency=min_frequency, max_size=max_size, specials=specials
        )

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        *,
        min_frequency: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = SPECIALS,
    ) -> "Vocabulary":
        """The frequent ones of counted tokens, by falling count, equal counts by spelling.

        Args:
            counts: how often each token was seen; those spelled like a special are left out.
            min_frequency: drops tokens that were seen less often, the rare words.
            max_size: the most tokens kept, the specials included.
            specials: see the class.

        Raises:
            KitError: for no tokens at all, `min_frequency` below 1, or a `max_size` that leaves
                no room for a token beside the specials.

        Example:
            >>> Vocabulary.from_counts({"be": 2, "or": 1, "to": 2}, specials=()).tokens
            ('be', 'to', 'or')
        """
        if not _is_integer(min_frequency) or min_frequency < 1:
            raise KitError(
                f"min_frequency must be a positive integer; received {min_frequency!r}. "
                "Pass 1 to keep every token."
            )
        if max_size is not None and (not _is_integer(max_size) or max_size <= len(specials)):
            raise KitError(
                f"max_size counts the {len(specials)} special tokens and must be larger; "
                f"received {max_size!r}. Pass {len(specials) + 1} or more, or None for no limit."
            )
        own = [item for item in counts.items() if item[0] not in specials]
        if not own:
            raise KitError("a vocabulary needs at least one token; received a corpus without any.")
        kept = [item for item in own if item[1] >= min_frequency]
        kept.sort(key=lambda item: (-item[1], item[0]))
        if max_size is not None:
            kept = kept[: max_size - len(specials)]
        if not kept:
            raise KitError(
                f"a vocabulary needs at least one token; received min_frequency={min_frequency} "
                f"where the most frequent token was seen {max(n for _, n in own)} times. "
                "Pass a smaller min_frequency."
            )
        return cls([token for token, _ in kept], specials, [count for _, count in kept])

    def merge(self, *others: "Vocabulary") -> "Vocabulary":
        """This vocabulary and behind it what the others have more, in their order.

        The ids of this one's tokens stay, so that a model of it can be trained on with more
        tokens. Where all have `counts`, they are added up.

        Raises:
            KitError: where the specials differ.

        Example:
            >>> Vocabulary(["a", "b"], ()).merge(Vocabulary(["c", "b"], ())).tokens
            ('a', 'b', 'c')
        """
        for other in others:
            if other.specials != self.specials:
                raise KitError(
                    "vocabularies must have the same specials to be merged; received "
                    f"{' '.join(self.specials) or 'none'} and {' '.join(other.specials) or 'none'}."
                    " Build them with the same specials."
                )
        parts = [self, *others]
        first = len(self.specials)
        tokens = list(dict.fromkeys(token for part in parts for token in part.tokens[first:]))
        if any(part.counts is None for part in parts):
            return Vocabulary(tokens, self.specials)
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(dict(zip(part.tokens[first:], part.counts or (), strict=True)))
        return Vocabulary(tokens, self.specials, [counts[token] for token in tokens])

    def encode(self, tokens: Iterable[str]) -> np.ndarray:
        """The ids of the tokens, int32 `[T]`; a token that is not listed becomes `<unk>`.

        Raises:
            KitError: names the unknown tokens where the vocabulary has no `<unk>`.
        """
        if self.unk_id is not None:
            get, unknown = self._ids.get, self.unk_id
            return np.array([get(token, unknown) for token in tokens], dtype=np.int32)
        tokens = list(tokens)
        try:
            return np.array([self._ids[token] for token in tokens], dtype=np.int32)
        except KeyError:
            raise self.unknown_error(self.unknown(tokens)) from None

    def unknown_error(self, tokens: Sequence[str]) -> KitError:
        """The error for tokens that the vocabulary, having no `<unk>`, has no id for."""
        shown = ", ".join(map(repr, tokens[:10])) + (", ..." if len(tokens) > 10 else "")
        return KitError(
            "tokens must be in the vocabulary, which has no <unk>; "
            f"received {len(tokens)} unknown: {shown}. "
            "Take them out of the text, or build the vocabulary with <unk> among its specials."
        )

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The tokens of the ids.

        Raises:
            KitError: for an id outside [0, V).
        """
        array = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids))
        if array.size == 0:
            return []
        if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
            raise KitError(
                f"ids must be integers in one dimension [T]; received {array.dtype} of shape "
                f"{array.shape}. Decode the rows of a batch one by one."
            )
        wrong = array[(array < 0) | (array >= len(self.tokens))]
        if wrong.size:
            raise KitError(
                f"ids must be from 0 to {len(self.tokens) - 1} (V={len(self.tokens)}); received "
                f"{int(wrong[0])}. Decode with the vocabulary that encoded the text."
            )
        return [self.tokens[i] for i in array.tolist()]

    def unknown(self, tokens: Iterable[str]) -> list[str]:
        """The tokens that are not listed, each once, in the order of their first use."""
        return [token for token in dict.fromkeys(tokens) if token not in self._ids]

    def to_json(self) -> dict[str, Any]:
        """The vocabulary as JSON knows it."""
        return {
            "specials": list(self.specials),
            "tokens": list(self.tokens[len(self.specials) :]),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Vocabulary":
        """The vocabulary that `to_json` wrote.

        Raises:
            KitError: where `data` is anything else.
        """
        if not (
            isinstance(data, Mapping)
            and isinstance(data.get("specials"), list)
            and isinstance(data.get("tokens"), list)
        ):
            raise KitError(
                'a vocabulary in JSON must hold the lists "specials" and "tokens"; '
                f"received {type(data).__name__}"
                + (f" with {', '.join(map(str, data))}." if isinstance(data, Mapping) else ".")
            )
        return cls(data["tokens"], data["specials"])

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.tokens == other.tokens and self.specials == other.specials

    def __hash__(self) -> int:
        return hash((self.tokens, len(self.specials)))

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, specials={' '.join(self.specials) or 'none'})"


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def _is_special(token: object) -> bool:
    return (
        isinstance(token, str)
        and len(token) > 2
        and token[0] == "<"
        and token[-1] == ">"
        and not any(c.isspace() for c in token)
    )
