"""Texts to ids and back: readers, cleaning, tokenizers, vocabulary. Pure Python and NumPy.

What is here is imported when it is first used (PEP 562): a serving machine pays for what it runs.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_rnn_kit.text.builtin import film_reviews, python_manual
    from keras_rnn_kit.text.by_label import texts_by_label
    from keras_rnn_kit.text.cleaning import Cleaning
    from keras_rnn_kit.text.corpus.corpus import Corpus, is_corpus
    from keras_rnn_kit.text.corpus.repair import repair_corpus
    from keras_rnn_kit.text.corpus.writer import write_corpus
    from keras_rnn_kit.text.dates import date_pairs
    from keras_rnn_kit.text.encoder import TextEncoder
    from keras_rnn_kit.text.ngrams.model import NGramModel
    from keras_rnn_kit.text.pairs import load_pairs, references, split_pairs
    from keras_rnn_kit.text.punctuation import TaggedText, restore, tagged_text
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
        CliticTokenizer,
        GraphemeTokenizer,
        SubwordTokenizer,
        Tokenizer,
        WordTokenizer,
        tokenizer_from_config,
    )
    from keras_rnn_kit.text.translation_scores import TranslationScores, bleu, score_translations
    from keras_rnn_kit.text.trees import Tree, parse_tree, tree_levels
    from keras_rnn_kit.text.vocabulary import SPECIALS, Vocabulary

_PLACES = {
    "SPECIALS": "vocabulary",
    "ByteTokenizer": "tokenizers",
    "CharacterTokenizer": "tokenizers",
    "Cleaning": "cleaning",
    "CliticTokenizer": "tokenizers",
    "Corpus": "corpus.corpus",
    "GraphemeTokenizer": "tokenizers",
    "LabelledTexts": "reading.streams",
    "NGramModel": "ngrams.model",
    "SubwordTokenizer": "tokenizers",
    "TaggedText": "punctuation",
    "TextEncoder": "encoder",
    "TextStatistics": "statistics.results",
    "Texts": "reading.streams",
    "Tokenizer": "tokenizers",
    "TranslationScores": "translation_scores",
    "Tree": "trees",
    "Vocabulary": "vocabulary",
    "WordTokenizer": "tokenizers",
    "bleu": "translation_scores",
    "date_pairs": "dates",
    "film_reviews": "builtin",
    "is_corpus": "corpus.corpus",
    "label_ids": "reading.labelled",
    "labelled_splits": "sources",
    "labelled_texts": "sources",
    "load_labelled": "sources",
    "load_pairs": "pairs",
    "load_text": "sources",
    "parse_tree": "trees",
    "python_manual": "builtin",
    "references": "pairs",
    "repair_corpus": "corpus.repair",
    "restore": "punctuation",
    "score_translations": "translation_scores",
    "sentences": "statistics.sentence_cuts",
    "split_pairs": "pairs",
    "tagged_text": "punctuation",
    "text_statistics": "statistics.statistics",
    "texts": "sources",
    "texts_by_label": "by_label",
    "tokenizer_from_config": "tokenizers",
    "tree_levels": "trees",
    "write_corpus": "corpus.writer",
}
__all__ = [
    "SPECIALS",
    "ByteTokenizer",
    "CharacterTokenizer",
    "Cleaning",
    "CliticTokenizer",
    "Corpus",
    "GraphemeTokenizer",
    "LabelledTexts",
    "NGramModel",
    "SubwordTokenizer",
    "TaggedText",
    "TextEncoder",
    "TextStatistics",
    "Texts",
    "Tokenizer",
    "TranslationScores",
    "Tree",
    "Vocabulary",
    "WordTokenizer",
    "bleu",
    "date_pairs",
    "film_reviews",
    "is_corpus",
    "label_ids",
    "labelled_splits",
    "labelled_texts",
    "load_labelled",
    "load_pairs",
    "load_text",
    "parse_tree",
    "python_manual",
    "references",
    "repair_corpus",
    "restore",
    "score_translations",
    "sentences",
    "split_pairs",
    "tagged_text",
    "text_statistics",
    "texts",
    "texts_by_label",
    "tokenizer_from_config",
    "tree_levels",
    "write_corpus",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
