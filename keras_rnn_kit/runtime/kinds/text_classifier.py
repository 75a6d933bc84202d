"""A text classifier: `model` reads whole sequences and gives a logit for each label."""

from keras_rnn_kit.runtime.kinds.contract import About, Kind, check_labels, check_tokens_to_logits


def check(about: About) -> None:
    """Tokens in and logits out alone, and a label for each logit."""
    count = check_tokens_to_logits(about, "model", ("B",))
    check_labels(about, count, "a logit")


KIND = Kind(
    name="text_classifier",
    graphs=("model",),
    check=check,
    runner="keras_rnn_kit.runtime.classifier:Classifier",
)
