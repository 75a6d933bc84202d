"""What is taken out of a text before it is encoded."""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import characters
from keras_rnn_kit.text.stop_words import ENGLISH

# A tag or a comment, in words that Python's `re` and RE2 read alike. A lone < or > stays, and so
# does "x < y and y > z": a tag's name follows its < at once.
HTML_TAG = r"<!--(?s:.*?)-->|<[!/]?[A-Za-z][^<>]*>"

# Replaced one after the other, &amp; last, so that "&amp;lt;" gives "&lt;" and not "<". A table
# and not `html.unescape`, because the graph of `exporting/text_graph.py` does the same.
HTML_ENTITIES = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#34;": '"',
    "&apos;": "'",
    "&#39;": "'",
    "&#x27;": "'",
    "&nbsp;": " ",
    "&#160;": " ",
    "&hellip;": "…",
    "&mdash;": "—",
    "&ndash;": "–",
    "&lsquo;": "‘",
    "&rsquo;": "’",
    "&ldquo;": "“",
    "&rdquo;": "”",
    "&amp;": "&",
}


@dataclass(frozen=True)
class Cleaning:
    """Steps of cleaning, all off unless asked for.

    Args:
        lower: writes the text in lower case.
        strip_html: puts a space in place of each tag and comment, and the character itself in
            place of each entity of `HTML_ENTITIES`.
        strip_punctuation: drops tokens that are punctuation through and through.
        stop_words: drops these tokens, whatever their case: "english" or words of one's own.
            The English list keeps negations in the text.

    Rare words are dropped by `Vocabulary.build(min_frequency=...)`.

    Raises:
        KitError: for anything but a truth value or words.

    Example:
        >>> cleaning = Cleaning(lower=True, strip_html=True, stop_words="english")
        >>> cleaning.apply("Not<br />the WORST &amp; not the best")
        'not the worst & not the best'
        >>> cleaning.apply_tokens(["Not", "the", "worst"])
        ['Not', 'worst']
    """

    lower: bool = False
    strip_html: bool = False
    strip_punctuation: bool = False
    stop_words: str | tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("lower", "strip_html", "strip_punctuation"):
            if not isinstance(getattr(self, name), bool):
                raise KitError(f"{name} must be True or False; received {getattr(self, name)!r}.")
        if isinstance(self.stop_words, str):
            if self.stop_words != "english":
                raise KitError(
                    f'stop_words must be "english" or a tuple of words; received '
                    f"{self.stop_words!r}. Put a single word into a tuple."
                )
            return
        words = tuple(self.stop_words)
        if not all(isinstance(word, str) and word for word in words):
            raise KitError(f"stop_words must be words; received {words!r}.")
        object.__setattr__(self, "stop_words", words)

    @property
    def cleans_tokens(self) -> bool:
        """Whether `apply_tokens` can drop anything."""
        return self.strip_punctuation or bool(self.stop_words)

    def apply(self, text: str) -> str:
        """Clean a text before it is cut into tokens: first HTML, then the case."""
        if self.strip_html:
            text = _tag_pattern().sub(" ", text)
            for entity, character in HTML_ENTITIES.items():
                text = text.replace(entity, character)
        return text.lower() if self.lower else text

    def apply_tokens(self, tokens: Iterable[str]) -> list[str]:
        """The tokens that stay: first punctuation goes, then stop words."""
        kept = list(tokens)
        if self.strip_punctuation:
            is_punctuation = _punctuation_pattern().fullmatch
            kept = [token for token in kept if not is_punctuation(token)]
        if self.stop_words:
            words = self.stop_word_set()
            kept = [token for token in kept if plain(token) not in words]
        return kept

    def stop_word_set(self) -> frozenset[str]:
        """The stop words in the form in which tokens are compared with them."""
        return _stop_word_set(self.stop_words)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        config = asdict(self)
        if not isinstance(self.stop_words, str):
            config["stop_words"] = list(self.stop_words)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Cleaning":
        """The cleaning whose `config()` this is.

        Raises:
            KitError: for a step that this version does not know, which would change the text.
        """
        if not isinstance(config, Mapping):
            raise KitError(f"cleaning must be a mapping of its steps; received {config!r}.")
        known = {field.name for field in fields(cls)}
        if strange := sorted(set(config) - known):
            raise KitError(
                f"cleaning knows the steps {', '.join(sorted(known))}; received "
                f"{', '.join(strange)}. Read the file with the version that wrote it."
            )
        arguments = dict(config)
        words = arguments.get("stop_words", ())
        if not isinstance(words, (str, list, tuple)):
            raise KitError(f'stop_words must be "english" or a list of words; received {words!r}.')
        return cls(**arguments)


def plain(token: str) -> str:
    """The token in lower case, with a straight apostrophe: how stop words are compared.

    Example:
        >>> plain("It’s")
        "it's"
    """
    return token.lower().replace("’", "'")


@functools.cache
def _stop_word_set(words: str | tuple[str, ...]) -> frozenset[str]:
    return ENGLISH if isinstance(words, str) else frozenset(map(plain, words))


@functools.cache
def _tag_pattern() -> re.Pattern[str]:
    return re.compile(HTML_TAG)


@functools.cache
def _punctuation_pattern() -> re.Pattern[str]:
    return re.compile(f"[{characters.class_body(characters.punctuation())}]+")
