"""Texts to ids and back: readers, cleaning, tokenizers, vocabulary. Pure Python and NumPy.

What is here is imported when it is first used (PEP 562): a serving machine pays for what it runs.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_rnn_kit.text.builtin import film_reviews, python_manual
    from keras_rnn_kit.text.cleaning import Cleaning
    from keras_rnn_kit.text.corpus.corpus import Corpus, is_corpus
    from keras_rnn_kit.text.corpus.repair import repair_corpus
    from keras_rnn_kit.text.corpus.writer import write_corpus
    from keras_rnn_kit.text.encoder import TextEncoder
    from keras_rnn_kit.text.ngrams.model import NGramModel
    from keras_rnn_kit.text.reading.labelled import label_ids
    from keras_rnn_kit.text.reading.streams import LabelledTexts, Texts
    from keras_rnn_kit.text.sources import (
        labelled_splits,
        labelled_texts,
        load_labelled,
        load_text,
        texts,
    )
    from keras_rnn_kit.text.statistics.results import TextStatistics
    from keras_rnn_kit.text.statistics.sentence_cuts import sentences
    from keras_rnn_kit.text.statistics.statistics import text_statistics
    from keras_rnn_kit.text.tokenizers import (
        ByteTokenizer,
        CharacterTokenizer,
        GraphemeTokenizer,
        SubwordTokenizer,
        Tokenizer,
        WordTokenizer,
        tokenizer_from_config,
    )
    from keras_rnn_kit.text.vocabulary import SPECIALS, Vocabulary

_PLACES = {
    "SPECIALS": "vocabulary",
    "ByteTokenizer": "tokenizers",
    "CharacterTokenizer": "tokenizers",
    "Cleaning": "cleaning",
    "Corpus": "corpus.corpus",
    "GraphemeTokenizer": "tokenizers",
    "LabelledTexts": "reading.streams",
    "NGramModel": "ngrams.model",
    "SubwordTokenizer": "tokenizers",
    "TextEncoder": "encoder",
    "TextStatistics": "statistics.results",
    "Texts": "reading.streams",
    "Tokenizer": "tokenizers",
    "Vocabulary": "vocabulary",
    "WordTokenizer": "tokenizers",
    "film_reviews": "builtin",
    "is_corpus": "corpus.corpus",
    "label_ids": "reading.labelled",
    "labelled_splits": "sources",
    "labelled_texts": "sources",
    "load_labelled": "sources",
    "load_text": "sources",
    "python_manual": "builtin",
    "repair_corpus": "corpus.repair",
    "sentences": "statistics.sentence_cuts",
    "text_statistics": "statistics.statistics",
    "texts": "sources",
    "tokenizer_from_config": "tokenizers",
    "write_corpus": "corpus.writer",
}
__all__ = [
    "SPECIALS",
    "ByteTokenizer",
    "CharacterTokenizer",
    "Cleaning",
    "Corpus",
    "GraphemeTokenizer",
    "LabelledTexts",
    "NGramModel",
    "SubwordTokenizer",
    "TextEncoder",
    "TextStatistics",
    "Texts",
    "Tokenizer",
    "Vocabulary",
    "WordTokenizer",
    "film_reviews",
    "is_corpus",
    "label_ids",
    "labelled_splits",
    "labelled_texts",
    "load_labelled",
    "load_text",
    "python_manual",
    "repair_corpus",
    "sentences",
    "text_statistics",
    "texts",
    "tokenizer_from_config",
    "write_corpus",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
