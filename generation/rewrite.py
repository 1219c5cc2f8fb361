"""Follow-up questions: from a question that leans on those before it to a query that stands alone."""

import re
import secrets
from collections.abc import Callable, Sequence

from generation.pieces import Turn
from generation.prompt import MESSAGE_TOKENS, Prompt, fill, load_prompt
from generation.sanitize import sanitize
from generation.thinking import ThinkingFilter
from generation.words import STOP_WORDS, content_stems, stem, words

REWRITE_PROMPT = "rewrite-1"
REWRITE_SECONDS = 10.0
MAX_REWRITTEN_CHARS = 500
MIN_CONTENT_WORDS = 2
_CONTINUES = re.compile(
    r"^\s*(?:and|but|or|also|what about|how about|what if|und|aber|auch|was ist mit|wie ist es mit|et|mais|y|pero|o)\b"
    r"[,:]?\s*",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|there|then|one|ones|same|former|"
    r"latter|above|er|sie|es|ihn|ihm|ihr|ihre|ihren|dies\w*|jene\w*|davon|dafür|dazu|damit|dort|dann|elle|il|ils|elles|"
    r"cela|ceci|ello|ella|ellos|eso|esto|esos|estos|allí)\b(?!['’])",
    re.IGNORECASE,
)
_NO_REFERENCE = re.compile(
    r"\b(?:is|are|was|were|will|if|does|should|can) (?:it|there)\b(?= (?:possible|allowed|necessary|required|a|an|any|"
    r"somebody|someone|anything|something|more)\b)|\b(?:this|that|these|those) (?:company|year|month|week|quarter|"
    r"handbook|document|office)\b|\bgibt es\b|\bist es\b",
    re.IGNORECASE,
)


def stands_alone(question: str) -> bool:
    """Whether a question can be searched as it is: it continues nothing, refers to nothing and names its subject."""
    if _CONTINUES.match(question):
        return False
    if _REFERS.search(_NO_REFERENCE.sub(" ", question)):
        return False
    return len(set(content_stems(question))) >= MIN_CONTENT_WORDS


def rewrite_by_rules(turns: Sequence[Turn], question: str) -> str:
    """The question with the words of the query before it, unless it stands alone.

    A question that only continues («And in Lisbon?») is put after that query; one that refers («How long does it
    take?») is followed by the words of the query that it has not itself.
    """
    if not turns or stands_alone(question):
        return question
    before = turns[-1].query.strip()
    continued = _CONTINUES.match(question)
    if continued and not _REFERS.search(question[continued.end() :]):
        return f"{before} {question[continued.end() :].strip()}"[:MAX_REWRITTEN_CHARS]
    own = set(content_stems(question))
    missing = [word for word in words(before) if word.lower() not in STOP_WORDS and stem(word.lower()) not in own]
    return f"{question} ({' '.join(dict.fromkeys(missing))})"[:MAX_REWRITTEN_CHARS] if missing else question


def build_rewrite_prompt(
    turns: Sequence[Turn],
    question: str,
    *,
    budget_tokens: int,
    count_tokens: Callable[[str], int],
    control_tokens: tuple[str, ...] = (),
) -> Prompt:
    """The prompt that asks a model to rewrite; the newest turns that fit into a quarter of `budget_tokens`."""
    file = load_prompt(REWRITE_PROMPT)
    kept: list[str] = []
    n_left = budget_tokens // 4
    for turn in reversed(turns):
        text = sanitize(f"Question: {turn.query}\nAnswer: {turn.answer}", control_tokens)
        n_left -= count_tokens(text)
        if n_left < 0:
            break
        kept.insert(0, text)
    places = {
        "boundary": secrets.token_hex(8),
        "history": "\n\n".join(kept),
        "question": sanitize(question, control_tokens),
    }
    request = fill(file.request, places)
    return Prompt(file, file.system, request, (), 0, MESSAGE_TOKENS + count_tokens(f"{file.system}\n{request}"))


def read_rewritten(written: str, question: str) -> str:
    """The question that a model wrote; empty when that is none, or shares nothing with the one that was asked."""
    thinking = ThinkingFilter()
    visible = thinking.feed(written) + thinking.finish()
    lines = [line.strip().strip("\"'«»“”`*").strip() for line in visible.splitlines()]
    line = next((line for line in lines if line), "")
    line = re.sub(r"^(?:rewritten question|question)\s*:[\s\"'«“`*]*", "", line, flags=re.IGNORECASE)
    own = set(content_stems(question))
    keeps_meaning = not own or bool(own & set(content_stems(line)))
    return line if line and len(line) <= MAX_REWRITTEN_CHARS and keeps_meaning else ""
