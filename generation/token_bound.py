"""How many tokens a text has at most, for models whose tokenizer is not at hand."""

import re

_PIECE = re.compile(r"[A-Za-z]+|[^\S\n]+|[^A-Za-z]")
LETTERS_PER_TOKEN = 3


def bound_tokens(text: str) -> int:
    """A number of tokens that common tokenizers stay below for real text.

    Three Latin letters of a word count as a token, and every digit, sign and line end as one of its own; other letters
    count one less than the bytes that they take in UTF-8, because byte-level tokenizers fall back to bytes.
    """
    return sum(_cost(match) for match in _PIECE.findall(text))


def _cost(piece: str) -> int:
    if piece[0].isascii():
        if piece[0].isalpha():
            return -(-len(piece) // LETTERS_PER_TOKEN)
        return 0 if piece == " " else 1
    return max(1, len(piece.encode("utf-8", "surrogatepass")) - 1)
