"""Texts to ids and back: readers, cleaning, tokenizers, vocabulary. Pure Python and NumPy."""

from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.encoder import TextEncoder
from keras_rnn_kit.text.tokenizers import (
    CharacterTokenizer,
    Tokenizer,
    WordTokenizer,
    tokenizer_from_config,
)
from keras_rnn_kit.text.vocabulary import SPECIALS, Vocabulary

__all__ = [
    "SPECIALS",
    "CharacterTokenizer",
    "Cleaning",
    "TextEncoder",
    "Tokenizer",
    "Vocabulary",
    "WordTokenizer",
    "tokenizer_from_config",
]
