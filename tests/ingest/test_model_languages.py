"""Which languages a model knows: as its card says, else as its tokenizer shows."""

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer

from ingest.embed import Embedder
from ingest.language_samples import SAMPLES
from ingest.model_languages import find_languages


@pytest.fixture
def two_languages() -> Tokenizer:
    """A tokenizer that was made for English and German."""
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    alphabet = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    trainer = WordPieceTrainer(vocab_size=2000, special_tokens=["[UNK]"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([SAMPLES["en"], SAMPLES["de"]] * 20, trainer)
    return tokenizer


def card(folder: Path, language: object) -> Path:
    (folder / "README.md").write_text(f"---\nlanguage: {json.dumps(language)}\nlicense: mit\n---\n# A model\n")
    return folder


def test_bundled_model_knows_english_alone(embedder: Embedder) -> None:
    assert embedder.languages.knows("en")
    assert not embedder.languages.knows("de")
    assert not embedder.languages.knows("zh")


@pytest.mark.parametrize(
    ("stated", "codes"),
    [
        pytest.param("de", {"de"}, id="one"),
        pytest.param(["multilingual", "fr", "pt-BR", "zh_cn"], {"fr", "pt", "zh"}, id="several"),
    ],
)
def test_card_says_it(tmp_path: Path, two_languages: Tokenizer, stated: object, codes: set[str]) -> None:
    assert find_languages(card(tmp_path, stated), two_languages).codes == codes


@pytest.mark.parametrize(
    "content",
    ["", "# No front matter", "---\nlanguage: multilingual\n---\n", "---\n: [\n---\n", "---\nlanguage: en\n"],
)
def test_without_a_word_on_the_card_the_tokenizer_tells(tmp_path: Path, two_languages: Tokenizer, content: str) -> None:
    (tmp_path / "README.md").write_text(content)
    assert find_languages(tmp_path, two_languages).codes == {"en", "de"}


def test_tokenizer_of_an_english_model_keeps_english_whole(tmp_path: Path, embedder: Embedder) -> None:
    assert find_languages(tmp_path, embedder._counter).codes == {"en"}


def test_pieces_of_latin_words_can_be_compared_and_unknown_characters_cannot(embedder: Embedder) -> None:
    assert {"de", "es"} <= embedder.languages.legible
    assert not {"zh", "ja", "th", "ru"} & embedder.languages.legible


def test_model_of_many_languages_is_thought_to_know_others_too(tmp_path: Path) -> None:
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.train_from_iterator(list(SAMPLES.values()) * 20, WordPieceTrainer(vocab_size=8000))
    languages = find_languages(tmp_path, tokenizer)
    assert languages.knows("pl")
    assert languages.knows("sw")
