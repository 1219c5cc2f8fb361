"""Which languages an embedding model knows: by its model card, else by how finely its tokenizer cuts them."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from tokenizers import Tokenizer

from ingest.language_samples import SAMPLES

KNOWN_PREMIUM = 1.5  # pieces of a sentence, beside its English translation
LEGIBLE_PREMIUM = 2.5
MAX_UNKNOWN = 0.1  # share of pieces that the tokenizer has no entry for
_UNKNOWN_TOKENS = ("[UNK]", "<unk>")


@dataclass(frozen=True)
class ModelLanguages:
    """The languages (ISO 639-1) that a model knows; `others` is whether one that nothing is said of counts as known.

    Of `legible` ones the tokenizer leaves pieces of words, which can be compared even where they are not understood.
    """

    codes: frozenset[str]
    legible: frozenset[str] = frozenset()
    others: bool = False

    def knows(self, language: str) -> bool:
        """Whether the model was made for a language."""
        return language in self.codes or (self.others and language not in SAMPLES)


def find_languages(folder: Path, tokenizer: Tokenizer) -> ModelLanguages:
    """The languages of the model in a folder: those on its card, or else those whose words its tokenizer keeps whole.

    A tokenizer was fitted to what the model was trained on, and cuts other languages into more pieces.

    Source: Petrov et al., Language Model Tokenizers Introduce Unfairness Between Languages, NeurIPS 2023,
    https://arxiv.org/abs/2305.15425
    """
    whole, legible = _cut_into(tokenizer, KNOWN_PREMIUM), _cut_into(tokenizer, LEGIBLE_PREMIUM)
    stated = _on_card(folder / "README.md")
    return ModelLanguages(stated or whole, legible, others=not stated and 2 * len(whole) > len(SAMPLES))


def _cut_into(tokenizer: Tokenizer, premium: float) -> frozenset[str]:
    """The languages whose sample has at most `premium` times the pieces of the English one, few of them unknown."""
    pieces = {code: tokenizer.encode(text, add_special_tokens=False).tokens for code, text in SAMPLES.items()}
    most = premium * len(pieces["en"])
    n_unknown = {code: sum(map(own.count, _UNKNOWN_TOKENS)) for code, own in pieces.items()}
    return frozenset(c for c, own in pieces.items() if len(own) <= most and n_unknown[c] <= MAX_UNKNOWN * len(own))


def _on_card(card: Path) -> frozenset[str]:
    """The codes under `language` in a model card's front matter; none where there is no card, or it names none."""
    if not card.is_file():
        return frozenset()
    start, _, rest = card.read_text(encoding="utf-8", errors="replace").partition("---\n")
    front_matter, end, _ = rest.partition("\n---")
    if start.strip("\ufeff \n") or not end:
        return frozenset()
    try:
        fields = yaml.safe_load(front_matter)
    except yaml.YAMLError:
        return frozenset()
    stated = fields.get("language") if isinstance(fields, dict) else None
    named = stated if isinstance(stated, list) else [stated]
    codes = (str(name).lower().replace("_", "-").partition("-")[0] for name in named)
    return frozenset(code for code in codes if len(code) == 2)
