"""Searcher: keyword and vector search side by side, fused and reranked, within what the person may read."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ingest.embed import Embedder
from ingest.errors import InvalidInput
from ingest.language import language_odds
from ingest.replica import Replica
from ingest.replica_view import ReplicaView
from retrieval.assemble import Finding, assemble
from retrieval.candidates import keyword_candidates, vector_candidates, with_cosines
from retrieval.filters import NO_FILTERS, SearchFilters
from retrieval.fusion import min_max, mixed, ranked, reciprocal_rank, weighted_mean
from retrieval.hit import Hit, StageScore
from retrieval.language import LANGUAGE, QueryLanguage, read_language
from retrieval.options import DEFAULTS, SearchOptions
from retrieval.passages import load_passages, text_of_page
from retrieval.permissions import readable_languages
from retrieval.rerank import MaxSimReranker, Reranker
from retrieval.scope import Scope, Scopes

CANDIDATES = 100
DEEPER = 4
MAX_CANDIDATES = 10_000
VECTOR_WEIGHT = 0.5
SPARE_PASSAGES = 5
MAX_K = 100
MAX_QUERY_CHARS = 2000


@dataclass(frozen=True)
class Ranking:
    """What the stages of a search made of the passages, by passage id; `order` is best first.

    `stages` go in the order in which they run, the last is the final score. `complete` tells that there are no more
    passages in scope that either search would find.
    """

    order: list[int]
    stages: Mapping[str, Mapping[int, float]]
    complete: bool

    def score(self, stage: str, passage_id: int) -> float | None:
        """What a stage made of a passage, None where it did not find it or did not run."""
        return self.stages.get(stage, {}).get(passage_id)


class Searcher:
    """Searches the indexes of one replica; safe to use from many threads."""

    def __init__(self, replica: Replica, embedder: Embedder, reranker: Reranker | None = None) -> None:
        """`reranker` takes the place of comparing token vectors (MaxSim)."""
        self._replica = replica
        self._embedder = embedder
        self._reranker = reranker or MaxSimReranker(embedder)
        self._scopes = Scopes()
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="keyword-search")
        self._pool.submit(language_odds, "Loads the model before the first query.")

    def search(
        self,
        session: Session,
        query: str,
        principals: frozenset[str],
        k: int,
        *,
        filters: SearchFilters = NO_FILTERS,
        options: SearchOptions = DEFAULTS,
    ) -> list[Hit]:
        """Find the `k` best passages for a query that one of `principals` may read, best first.

        Everything committed before the call is seen: the replica applies the change log first. Where hits are grouped
        or repeat each other, more passages are looked at, up to `MAX_CANDIDATES` of each search, until there are `k`.

        Raises:
            InvalidInput: the query is empty or too long, or `k` is out of range.
        """
        query = clean_query(query)
        if not 1 <= k <= MAX_K:
            raise InvalidInput(f"k is {k}; it must be between 1 and {MAX_K}.")
        self._replica.catch_up(session)
        view = self._replica.view()
        scope = self._scopes.of(session, view, principals, filters)
        language = read_language(query, scope.languages, self._embedder.languages)
        n_candidates = max(CANDIDATES, k)
        while True:
            ranking = self._rank(session, view, query, language, scope, n_candidates, options)
            portions = load_passages(session, ranking.order, scope, k + SPARE_PASSAGES)
            findings = assemble(portions, options, k)
            if len(findings) == k or ranking.complete or n_candidates >= MAX_CANDIDATES:
                break
            n_candidates *= DEEPER
        return [_hit(session, finding, ranking, rank, options) for rank, finding in enumerate(findings, start=1)]

    def degraded(self, query: str, principals: frozenset[str], *, options: SearchOptions = DEFAULTS) -> tuple[str, ...]:
        """By name, what makes a search for this query by `principals` less than it could be."""
        view = self._replica.view()
        language = read_language(clean_query(query), readable_languages(view, principals), self._embedder.languages)
        return (LANGUAGE,) if language.keyword_leads and options.mode != "keyword" else ()

    def _rank(
        self,
        session: Session,
        view: ReplicaView,
        query: str,
        language: QueryLanguage,
        scope: Scope,
        n: int,
        options: SearchOptions,
    ) -> Ranking:
        """Run both searches for `n` candidates each, merge them, and compare the best once more."""
        stages: dict[str, Mapping[int, float]] = {}
        waiting = None
        if options.mode != "vector":
            waiting = self._pool.submit(keyword_candidates, view, query, scope, n, language.analysed)
        if options.mode != "keyword":
            stages["vector"] = vector_candidates(view, self._embedder, query, scope, n)
        if waiting is not None:
            stages["keyword"] = waiting.result()
        complete = all(len(scores) < n for scores in stages.values())
        if options.mode == "hybrid" and options.fusion == "mean":
            found = stages["vector"]
            stages["vector"] = with_cosines(view, self._embedder, query, found, stages["keyword"])
        final = _fuse(stages.get("vector", {}), stages.get("keyword", {}), language, options)
        if options.mode == "hybrid":
            stages["fused"] = final
        weight = language.rerank_weight(self._reranker.weight)
        if options.mode == "hybrid" and options.rerank and weight > 0:
            best = ranked(final)[: self._reranker.n_best]
            reranked = self._reranker.score(session, query, best, scope.principals, len(view.passage_ids))
            stages[self._reranker.stage] = reranked
            final = mixed(final, reranked, weight) if reranked else final
        stages["final"] = final
        return Ranking(ranked(final), stages, complete)


def clean_query(query: str) -> str:
    """A query without white space around it.

    Raises:
        InvalidInput: nothing is left, or it is too long.
    """
    cleaned = query.strip()
    if not cleaned:
        raise InvalidInput("The query is empty; write what you want to find.")
    if len(cleaned) > MAX_QUERY_CHARS:
        raise InvalidInput(f"The query has {len(cleaned)} characters; at most {MAX_QUERY_CHARS} are allowed.")
    return cleaned


def _fuse(
    vector_scores: Mapping[int, float],
    keyword_scores: Mapping[int, float],
    language: QueryLanguage,
    options: SearchOptions,
) -> dict[int, float]:
    if options.mode == "vector":
        return min_max(vector_scores)
    if options.mode == "keyword":
        return min_max(keyword_scores)
    if options.fusion == "rrf":
        return reciprocal_rank(vector_scores, keyword_scores)
    return weighted_mean(vector_scores, keyword_scores, language.vector_weight(VECTOR_WEIGHT))


def _hit(session: Session, finding: Finding, ranking: Ranking, rank: int, options: SearchOptions) -> Hit:
    lead, first, last = finding.lead, finding.neighbours[0], finding.neighbours[-1]
    place, start, end = lead.place, first.place.start, last.place.end
    joined = len(finding.neighbours) > 1
    return Hit(
        passage_id=place.passage_id,
        document_id=place.document_id,
        version_id=place.version_id,
        version_sha256=lead.version_sha256,
        title=place.title,
        filename=place.filename,
        collection=place.collection,
        page=place.page,
        start=start,
        end=end,
        heading=first.heading,
        text=text_of_page(session, place.version_id, place.page, start, end) if joined else lead.text,
        score=ranking.stages["final"][place.passage_id],
        rank=rank,
        vector_score=ranking.score("vector", place.passage_id),
        keyword_score=ranking.score("keyword", place.passage_id),
        duplicates=tuple(finding.duplicates),
        explanation=_explain(ranking, place.passage_id) if options.explain else (),
    )


def _explain(ranking: Ranking, passage_id: int) -> tuple[StageScore, ...]:
    """What each stage that scored the passage made of it."""
    scored = [(stage, scores) for stage, scores in ranking.stages.items() if passage_id in scores]
    return tuple(
        StageScore(stage, scores[passage_id], ranked(scores).index(passage_id) + 1) for stage, scores in scored
    )
