"""A sequence tagger: `model` reads whole sequences and gives a logit a step for each label."""

from keras_rnn_kit.runtime.kinds.contract import About, Kind, check_labels, check_tokens_to_logits


def check(about: About) -> None:
    """Tokens in and logits of each step out alone, and a label for each logit."""
    count = check_tokens_to_logits(about, "model", ("B", "T"))
    check_labels(about, count, "a logit")


KIND = Kind(
    name="sequence_tagger",
    graphs=("model",),
    check=check,
    runner="keras_rnn_kit.runtime.tagger:Tagger",
)
