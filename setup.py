"""Metadata of the distribution. `pyproject.toml` holds the build system and the tools' settings."""

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

CPU = ["onnxruntime>=1.31,<1.32"]
GPU = ["onnxruntime-gpu>=1.31,<1.32"]  # stands in place of onnxruntime, never beside it
SUBWORDS = ["tokenizers>=0.23,<0.24"]
TRANSLATION = ["sacrebleu>=2.6,<3"]
TRAIN = [
    "tensorflow>=2.21,<2.22",
    "keras>=3.15,<3.16",
    "tensorflow-datasets>=4.9.10,<4.10",
    "importlib_resources",  # tensorflow-datasets imports it and doesn't declare it
    "tf2onnx>=1.17,<1.18",
    "onnx>=1.23,<1.24",
    "matplotlib>=3.11,<3.12",
]
TEST = [
    "pytest>=9,<10",
    "pytest-xdist>=3.8,<4",
    "hypothesis>=6,<7",
    "regex>=2026.11,<2027",  # its \X is what the grapheme tokenizer is compared with
    "jax>=0.10,<0.11",  # another backend of Keras, under which the cells have to run as well
    "ruff>=0.17.5,<0.18",
    "mypy>=2.4,<2.5",
]

setup(
    name="keras-rnn-kit",
    version="0.1.0",
    description="Recurrent networks for Keras: fast cells, a text pipeline, export to ONNX",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=find_packages(include=["keras_rnn_kit", "keras_rnn_kit.*"]),
    package_data={"keras_rnn_kit": ["py.typed"], "keras_rnn_kit.text": ["film_reviews.tsv"]},
    python_requires=">=3.11,<3.14",
    install_requires=["numpy>=2.0,<3"],
    extras_require={
        "cpu": CPU,
        "gpu": GPU,
        "subwords": SUBWORDS,
        "translation": TRANSLATION,
        "train": TRAIN,
        "all": TRAIN + SUBWORDS + TRANSLATION + CPU,
        "test": TRAIN + SUBWORDS + TRANSLATION + CPU + TEST,
    },
    classifiers=[
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
