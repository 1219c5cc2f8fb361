"""In which language a query is, and whether words must lead because the embedding model does not know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ingest.keyword_words import DEFAULT_LANGUAGE
from ingest.language import language_odds
from ingest.model_languages import ModelLanguages

LANGUAGE = "language"  # the name of this degradation
SURE = 0.8  # odds from which a query counts as in a language that no document is in
MAX_ANALYSED = 4
LED_VECTOR_WEIGHT = 0.2
LED_RERANK_WEIGHT = 0.4
QUERY_CACHE_SIZE = 512


@dataclass(frozen=True)
class QueryLanguage:
    """What a search makes of the language of its query.

    With the endings of the languages in `analysed` words are looked for, the likeliest first. Where `keyword_leads` the
    model does not know the language: vectors count less. `rerank` is whether comparing token vectors still helps.
    """

    analysed: tuple[str, ...] = (DEFAULT_LANGUAGE,)
    keyword_leads: bool = False
    rerank: bool = True

    def vector_weight(self, usual: float) -> float:
        """How much vectors count beside words, 0 to 1."""
        return min(usual, LED_VECTOR_WEIGHT) if self.keyword_leads else usual

    def rerank_weight(self, usual: float) -> float:
        """How much reranking counts beside both, 0 to 1."""
        if not self.rerank:
            return 0.0
        return min(usual, LED_RERANK_WEIGHT) if self.keyword_leads else usual


def read_language(query: str, shares: Mapping[str | None, float], model: ModelLanguages) -> QueryLanguage:
    """The language of a query, which a few words alone do not tell: it is most likely one of the documents'.

    Args:
        query: what is searched.
        shares: the share of each language among the documents that the person may read; None is unknown.
        model: what the embedding model knows.
    """
    odds = _odds(query)
    present = {code: odds.get(code, 0.0) * share for code, share in shares.items() if code is not None}
    likeliest = max(odds, key=lambda code: odds[code], default=None)
    if likeliest is not None and odds[likeliest] < SURE:
        likeliest = max(present, key=lambda code: present[code], default=None)
    documents = dict.fromkeys(code or DEFAULT_LANGUAGE for code in shares)
    ranked = sorted(documents, key=lambda code: (code != likeliest, -present.get(code, 0.0)))
    asked_known = likeliest is None or model.knows(likeliest)
    documents_known = not present or any(model.knows(code) for code in present)
    return QueryLanguage(
        analysed=tuple(ranked[:MAX_ANALYSED]) or (DEFAULT_LANGUAGE,),
        keyword_leads=not (asked_known and documents_known),
        rerank=asked_known if likeliest is None else asked_known or likeliest in model.legible,
    )


@lru_cache(maxsize=QUERY_CACHE_SIZE)
def _odds(query: str) -> Mapping[str, float]:
    return language_odds(query)
