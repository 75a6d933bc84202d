"""What is done to a text before it is encoded: named steps, in an order of one's choice."""

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.cleaning_steps import (
    casefold,
    drop_punctuation,
    lower,
    nfc,
    nfkc,
    single_spaces,
    strip_accents,
    strip_html,
    strip_urls,
    zero_digits,
)
from keras_rnn_kit.text.stop_words import ENGLISH

# Before a text is cut into tokens.
TEXT_STEPS: dict[str, Callable[[str], str]] = {
    "nfc": nfc,
    "nfkc": nfkc,
    "html": strip_html,
    "urls": strip_urls,
    "lower": lower,
    "casefold": casefold,
    "accents": strip_accents,
    "digits": zero_digits,
    "spaces": single_spaces,
}
# After it is cut.
TOKEN_STEPS: dict[str, Callable[[Iterable[str]], list[str]]] = {"punctuation": drop_punctuation}


@dataclass(frozen=True, init=False, repr=False)
class Cleaning:
    """Steps of cleaning, applied in the order given; `Cleaning()` changes nothing.

    | step | what it does | function |
    |---|---|---|
    | `nfc`, `nfkc` | Unicode normalization | `nfc`, `nfkc` |
    | `html` | a space for each tag, the character for each entity | `strip_html` |
    | `urls` | a space for each web address | `strip_urls` |
    | `lower`, `casefold` | lower case; the form for comparing | `lower`, `casefold` |
    | `accents` | é becomes e | `strip_accents` |
    | `digits` | a single 0 for each run of digits | `zero_digits` |
    | `spaces` | one space for each run of white space | `single_spaces` |
    | `punctuation` | drops tokens that are punctuation | `drop_punctuation` |

    The functions are in this module, for use on their own. `punctuation` works on tokens, so it
    is named after the steps that work on the text; where tokens are characters it drops the signs
    themselves. Stop words go last. Rare words are no step, since they are known only when all
    texts have been counted: `Vocabulary.build(min_frequency=...)` leaves them out, and
    `TextEncoder.build` passes that on.

    Language models want the text as it is, so leave this out; for classifying sentiments begin
    with `Cleaning.sentiment()`.

    Args:
        *steps: names from the table.
        stop_words: drops these tokens, whatever their case: "english" or words of one's own,
            which go through the steps themselves, so that "café" is met where the text says
            "cafe". The English list keeps negations in the text.

    Raises:
        KitError: for a step that is not in the table, a step on the text after one on tokens,
            or anything but words for stop words.

    Example:
        >>> cleaning = Cleaning("html", "lower", "punctuation", stop_words="english")
        >>> cleaning.apply("Not<br />the WORST &amp; not the best!")
        'not the worst & not the best!'
        >>> cleaning.apply_tokens(["not", "the", "worst", "!"])
        ['not', 'worst']
    """

    steps: tuple[str, ...]
    stop_words: str | tuple[str, ...]

    def __init__(self, *steps: str, stop_words: str | Iterable[str] = ()) -> None:
        object.__setattr__(self, "steps", _checked_steps(steps))
        object.__setattr__(self, "stop_words", _checked_words(stop_words))

    @classmethod
    def sentiment(cls) -> "Cleaning":
        """What reviews from the web need: no markup, and one form of each word.

        Punctuation, numbers and stop words stay; they carry sentiment, too.

        Example:
            >>> Cleaning.sentiment()
            Cleaning('html', 'lower')
        """
        return cls("html", "lower")

    @property
    def text_steps(self) -> tuple[str, ...]:
        """The steps that `apply` applies."""
        return tuple(step for step in self.steps if step in TEXT_STEPS)

    @property
    def token_steps(self) -> tuple[str, ...]:
        """The steps that `apply_tokens` applies."""
        return tuple(step for step in self.steps if step in TOKEN_STEPS)

    @property
    def cleans_tokens(self) -> bool:
        """Whether `apply_tokens` can drop anything."""
        return bool(self.token_steps or self.stop_words)

    def apply(self, text: str) -> str:
        """Clean a text before it is cut into tokens."""
        for step in self.steps:
            if step in TEXT_STEPS:
                text = TEXT_STEPS[step](text)
        return text

    def apply_tokens(self, tokens: Iterable[str]) -> list[str]:
        """The tokens that stay: first the steps take theirs, then the stop words go."""
        kept = list(tokens)
        for step in self.token_steps:
            kept = TOKEN_STEPS[step](kept)
        if self.stop_words:
            words = self.stop_word_set()
            kept = [token for token in kept if plain(token) not in words]
        return kept

    def stop_word_set(self) -> frozenset[str]:
        """The stop words in the form in which tokens are compared with them."""
        return _stop_word_set(self)

    def config(self) -> dict[str, Any]:
        """What `from_config` needs, in values that JSON knows."""
        words = self.stop_words
        return {
            "steps": list(self.steps),
            "stop_words": words if isinstance(words, str) else list(words),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Cleaning":
        """The cleaning whose `config()` this is.

        Raises:
            KitError: for a step that this version does not know, which would change the text, or
                anything else that `config()` does not give.
        """
        if not isinstance(config, Mapping) or set(config) != {"steps", "stop_words"}:
            raise KitError(
                f"cleaning must be a mapping of steps and stop_words; received {config!r}. "
                "Write it with Cleaning.config."
            )
        steps, words = config["steps"], config["stop_words"]
        if not isinstance(steps, (list, tuple)):
            raise KitError(
                f"steps must be a list of names; received {steps!r}. Write it with Cleaning.config."
            )
        return cls(*steps, stop_words=words)

    def __repr__(self) -> str:
        given = [repr(step) for step in self.steps]
        if self.stop_words:
            given.append(f"stop_words={self.stop_words!r}")
        return f"Cleaning({', '.join(given)})"


def plain(token: str) -> str:
    """The token in lower case, with a straight apostrophe: how stop words are compared.

    Example:
        >>> plain("It’s")
        "it's"
    """
    return token.lower().replace("’", "'")


def _checked_steps(steps: tuple[str, ...]) -> tuple[str, ...]:
    known = (*TEXT_STEPS, *TOKEN_STEPS)
    on_tokens = None
    for step in steps:
        if not isinstance(step, str) or step not in known:
            raise KitError(
                f"a step of cleaning must be one of {', '.join(known)}; received {step!r}. Pass "
                'names one by one, as in Cleaning("html", "lower"); a saved one is read by the '
                "version that wrote it."
            )
        if step in TOKEN_STEPS:
            on_tokens = step
        elif on_tokens:
            raise KitError(
                "steps on tokens must come after the steps on the text; received "
                f"{on_tokens!r} before {step!r}. Name {on_tokens!r} last."
            )
    return steps


def _checked_words(words: Any) -> str | tuple[str, ...]:
    if isinstance(words, str):
        if words != "english":
            raise KitError(
                f'stop_words must be "english" or a tuple of words; received {words!r}. Put a '
                "single word into a tuple."
            )
        return words
    given = tuple(words) if isinstance(words, Iterable) else (words,)
    if not all(isinstance(word, str) and word for word in given):
        raise KitError(
            f'stop_words must be "english" or words; received {words!r}. Pass strings that are '
            "not empty."
        )
    return given


@functools.lru_cache(256)
def _stop_word_set(cleaning: Cleaning) -> frozenset[str]:
    words = ENGLISH if isinstance(cleaning.stop_words, str) else cleaning.stop_words
    return frozenset(plain(cleaning.apply(word)) for word in words) - {""}
