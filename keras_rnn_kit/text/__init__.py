"""Texts to ids and back: readers, cleaning, tokenizers, vocabulary. Pure Python and NumPy."""

from keras_rnn_kit.text.builtin import film_reviews, python_manual
from keras_rnn_kit.text.cleaning import Cleaning
from keras_rnn_kit.text.encoder import TextEncoder
from keras_rnn_kit.text.labelled import label_ids, read_labelled
from keras_rnn_kit.text.readers import read_text
from keras_rnn_kit.text.sources import labelled_splits, load_labelled, load_text
from keras_rnn_kit.text.tfds import load_tfds_labelled, load_tfds_text
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
    "film_reviews",
    "label_ids",
    "labelled_splits",
    "load_labelled",
    "load_text",
    "load_tfds_labelled",
    "load_tfds_text",
    "python_manual",
    "read_labelled",
    "read_text",
    "tokenizer_from_config",
]
