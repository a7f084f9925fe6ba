"""How methods are called, in titles and inside sentences, and of which metrics less is better: each said here alone."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["classes", "multilabel", "number"]
"""What is predicted: one of K classes, any of K labels, or a number."""

SMALLER_IS_BETTER = frozenset({"brier", "ece", "mean_absolute_error"})
"""Of these a difference is turned round before it is judged."""

ROLES = ("train", "validation", "test")
"""What a split calls its parts; a table as published may call them otherwise."""

OF = " of "
"""Between a method and the model that it reads, where there are several models."""


class ArmName(NamedTuple):
    """A method's name in titles and tables, and inside a sentence."""

    title: str
    phrase: str


# From the simplest to ours: the order of the page.
ARMS = {
    "majority": ArmName("Majority guess", "the majority guess"),
    "composition": ArmName("Base composition", "base composition"),
    "coordinate_memoriser": ArmName("Memoriser of places", "the memoriser of places"),
    "nearest_neighbour": ArmName("Nearest neighbour", "the nearest neighbour"),
    "kmer_logistic": ArmName("k-mer counting", "k-mer counting"),
    "kmer_svm": ArmName("k-mers, SVM", "the support vector machine on k-mers"),
    "kmer_forest": ArmName("k-mers, random forest", "the random forest on k-mers"),
    "kmer_boosting": ArmName("k-mers, boosting", "boosting on k-mers"),
    "cnn": ArmName("CNN", "the convolutional network"),
    "permuted_labels": ArmName("Shuffled labels (control)", "the control with shuffled labels"),
    "random_probe": ArmName("Random twin", "the random twin"),
    "counting_probe": ArmName("Random twin with counts", "the random twin with the genome's counts"),
    "embeddings": ArmName("Given embeddings", "the probe of the given embeddings"),
    "pretrained_probe": ArmName("Pretrained probe", "the pretrained probe"),
    "finetuned_twin": ArmName("Random twin, fine-tuned", "the fully trained random twin"),
    "finetuned": ArmName("Fine-tuned", "the fine-tuned model"),
}
