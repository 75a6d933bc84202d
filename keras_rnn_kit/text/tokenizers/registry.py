"""The kit's tokenizers by name."""

from collections.abc import Mapping
from typing import Any

from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text.tokenizers.byte import ByteTokenizer
from keras_rnn_kit.text.tokenizers.character import CharacterTokenizer
from keras_rnn_kit.text.tokenizers.clitic import CliticTokenizer
from keras_rnn_kit.text.tokenizers.contract import Configured, Tokenizer
from keras_rnn_kit.text.tokenizers.grapheme import GraphemeTokenizer
from keras_rnn_kit.text.tokenizers.subword import SubwordTokenizer
from keras_rnn_kit.text.tokenizers.word import WordTokenizer

_TOKENIZERS: dict[str, type[Configured]] = {
    kind.name: kind
    for kind in (
        ByteTokenizer,
        CharacterTokenizer,
        CliticTokenizer,
        GraphemeTokenizer,
        SubwordTokenizer,
        WordTokenizer,
    )
}


def tokenizer_from_config(config: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer whose `config()` this is.

    Raises:
        KitError: for a name that is none, or a config that lacks what its tokenizer needs.

    Example:
        >>> tokenizer_from_config({"type": "words"})
        WordTokenizer()
    """
    name = config.get("type") if isinstance(config, Mapping) else None
    if not isinstance(name, str) or name not in _TOKENIZERS:
        raise KitError(
            f"tokenizer must be one of {', '.join(sorted(_TOKENIZERS))}; received {config!r}. "
            'Pass {"type": "characters"} or {"type": "words"}.'
        )
    return _TOKENIZERS[name].from_config(config)
