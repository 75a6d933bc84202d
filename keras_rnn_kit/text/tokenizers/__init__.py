r"""Cut a text into tokens and join tokens into a text.

A tokenizer has three methods: `tokenize(text) -> list[str]`, `join(tokens) -> str` and
`config() -> dict`, from which `tokenizer_from_config` makes it again. All tokenizers here keep
`tokenize(join(tokenize(text))) == tokenize(text)`; all but the words also keep the text itself.
"""

from keras_rnn_kit.text.tokenizers.byte import ByteTokenizer
from keras_rnn_kit.text.tokenizers.character import CharacterTokenizer
from keras_rnn_kit.text.tokenizers.clitic import CliticTokenizer
from keras_rnn_kit.text.tokenizers.contract import Tokenizer
from keras_rnn_kit.text.tokenizers.grapheme import GraphemeTokenizer
from keras_rnn_kit.text.tokenizers.registry import tokenizer_from_config
from keras_rnn_kit.text.tokenizers.subword import SubwordTokenizer
from keras_rnn_kit.text.tokenizers.word import WordTokenizer

__all__ = [
    "ByteTokenizer",
    "CharacterTokenizer",
    "CliticTokenizer",
    "GraphemeTokenizer",
    "SubwordTokenizer",
    "Tokenizer",
    "WordTokenizer",
    "tokenizer_from_config",
]
