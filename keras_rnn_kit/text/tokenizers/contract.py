"""What a tokenizer promises."""

import abc
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol, Self, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """What `TextEncoder` needs of a tokenizer.

    A tokenizer whose tokens are a closed list has it as `tokens`, too: then a vocabulary needs no
    corpus, and no text holds an unknown token. One whose tokens are bytes, of which a character
    may have several, has `reader()`, too, which joins them one by one.
    """

    def tokenize(self, text: str) -> list[str]:
        """The text's tokens, in order."""
        ...

    def join(self, tokens: Iterable[str]) -> str:
        """A text whose tokens are `tokens`."""
        ...

    def config(self) -> dict[str, Any]:
        """What `tokenizer_from_config` needs, with the tokenizer's name under "type"."""
        ...


class Configured(abc.ABC):
    """The kit's tokenizers: those of one class are equal, where they hold nothing but a name."""

    name: ClassVar[str]

    @abc.abstractmethod
    def tokenize(self, text: str) -> list[str]:
        """The text's tokens, in order."""

    @abc.abstractmethod
    def join(self, tokens: Iterable[str]) -> str:
        """A text whose tokens are `tokens`."""

    def config(self) -> dict[str, Any]:
        """What `tokenizer_from_config` needs to make this tokenizer again."""
        return {"type": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The tokenizer whose `config()` this is."""
        return cls()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
