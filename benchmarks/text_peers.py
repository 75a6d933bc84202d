"""Who learns vocabularies and encodes texts: the kit beside TensorFlow's and Hugging Face's ways.

Every peer gets the same texts, pieces of some ten thousand characters, gives its ids as they come,
and has its own best settings among those tried: TensorFlow's run over batches of pieces in a
`tf.data` pipeline on all cores.
"""

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks.peers import OURS
from keras_rnn_kit.errors import KitError
from keras_rnn_kit.text import CharacterTokenizer, TextEncoder, Tokenizer, WordTokenizer

Kind = Literal["characters", "words"]
Ids = npt.NDArray[np.integer[Any]]

VECTORIZATION, STRINGS, HUGGING_FACE = "TextVectorization", "tf.strings", "tokenizers"
PEERS = (OURS, VECTORIZATION, STRINGS, HUGGING_FACE)
_BATCH = 8  # pieces in a batch of TensorFlow's: the best of 1, 8 and 64
_TOGETHER = 16  # pieces that the others are given at once


@dataclasses.dataclass(frozen=True)
class Peer:
    """What a peer does: learn a vocabulary of texts, and encode texts with the one given."""

    learn: Callable[[Sequence[str]], object] | None
    encode: Callable[[Sequence[str]], Iterator[Ids]]


def tokens_apart(text: str, tokenizer: Tokenizer) -> str:
    """The text with a space between its words, which every peer then cuts into the same ones."""
    return "\n".join(" ".join(tokenizer.tokenize(line)) for line in text.split("\n"))


def pieces_of(text: str, size: int = 1 << 16) -> list[str]:
    """Pieces of at least `size` characters that end with a line."""
    pieces, begin = [], 0
    while begin < len(text):
        end = text.find("\n", begin + size) + 1 or len(text)
        pieces.append(text[begin:end])
        begin = end
    return pieces


def peers_of(kind: Kind, texts: Sequence[str]) -> dict[str, Peer]:
    """By name, peers whose vocabulary is that of `texts`; their ids are the kit's.

    Raises:
        KitError: where a peer gives other ids for `texts`.
    """
    tokenizer = CharacterTokenizer() if kind == "characters" else WordTokenizer()
    encoder = TextEncoder.build(texts, tokenizer=tokenizer)
    ids = {token: i for i, token in enumerate(encoder.vocabulary.tokens)}
    peers = {
        OURS: Peer(
            lambda some: TextEncoder.build(some, tokenizer=tokenizer),
            lambda some: (ids for part in _parts(some) for ids in encoder.encode_many(part)),
        ),
        VECTORIZATION: _vectorization(kind, ids),
        STRINGS: _strings(kind, ids),
    }
    if importlib.util.find_spec("tokenizers"):
        peers[HUGGING_FACE] = _hugging_face(kind, ids)
    expected = np.concatenate(list(peers[OURS].encode(texts)))
    for name, peer in peers.items():
        found = np.concatenate(list(peer.encode(texts)))
        if not np.array_equal(found, expected):
            raise KitError(
                f"all peers must give the same ids of {kind}; received {len(found)} from {name} "
                f"and {len(expected)} from the kit, not all of them alike. Mend the peer."
            )
    return peers


def _parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    return (texts[k : k + _TOGETHER] for k in range(0, len(texts), _TOGETHER))


def _mapped(texts: Sequence[str], function: Callable[[Any], Any]) -> Iterator[Ids]:
    batches = tf.data.Dataset.from_tensor_slices(list(texts)).batch(_BATCH)
    batches = batches.map(function, num_parallel_calls=tf.data.AUTOTUNE).prefetch(1)
    return batches.as_numpy_iterator()


def _vectorization(kind: Kind, ids: Mapping[str, int]) -> Peer:
    split = {"characters": "character", "words": "whitespace"}[kind]

    def layer(vocabulary: list[str] | None = None) -> keras.layers.TextVectorization:
        return keras.layers.TextVectorization(
            standardize=None, split=split, ragged=True, vocabulary=vocabulary
        )

    def learn(texts: Sequence[str]) -> object:
        learned = layer()
        learned.adapt(tf.data.Dataset.from_tensor_slices(list(texts)).batch(_BATCH))
        return learned

    # Its ids 0 and 1 are for padding and what is unknown; the others keep our order.
    own = list(ids)[4:]
    encode = layer(own)
    return Peer(learn, lambda texts: _mapped(texts, lambda some: encode(some).flat_values + 2))


def _strings(kind: Kind, ids: Mapping[str, int]) -> Peer:
    """Code points or words by `tf.strings`, ids by a look-up table."""
    if kind == "characters":
        keys: Any = tf.constant([ord(token) for token in list(ids)[4:]], tf.int32)
    else:
        keys = tf.constant(list(ids)[4:])
    values = tf.range(4, len(ids), dtype=tf.int32)
    initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
    table = tf.lookup.StaticHashTable(initializer, ids["<unk>"])

    def encode(texts: Any) -> Any:
        if kind == "characters":
            return table.lookup(tf.strings.unicode_decode(texts, "UTF-8").flat_values)
        return table.lookup(tf.strings.split(texts).flat_values)

    return Peer(None, lambda texts: _mapped(texts, encode))


def _hugging_face(kind: Kind, ids: Mapping[str, int]) -> Peer:
    from tokenizers import Regex, models, pre_tokenizers, trainers
    from tokenizers import Tokenizer as HuggingFace

    def made(model: Any) -> Any:
        tokenizer = HuggingFace(model)
        tokenizer.pre_tokenizer = (
            pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
            if kind == "characters"
            else pre_tokenizers.WhitespaceSplit()
        )
        return tokenizer

    def learn(texts: Sequence[str]) -> object:
        tokenizer = made(models.WordLevel(unk_token="<unk>"))
        trainer = trainers.WordLevelTrainer(
            vocab_size=1 << 30, special_tokens=["<unk>"], show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        return tokenizer

    encoder = made(models.WordLevel(dict(ids), unk_token="<unk>"))

    def encode(texts: Sequence[str]) -> Iterator[Ids]:
        for part in _parts(texts):
            for found in encoder.encode_batch_fast(list(part), add_special_tokens=False):
                yield np.array(found.ids, np.int32)

    return Peer(learn, encode)
