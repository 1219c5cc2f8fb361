"""From what a person typed to a keyword query: words, identifiers, numbers, quoted phrases; any text is safe."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import Occur, Query, Schema

from ingest.keyword_words import is_unspaced, joined_words, number_readings, plain_words, stems, telling_words

MAX_TERMS = 128
MAX_IDENTIFIERS = 32
TITLE_BOOST = 0.3
OTHER_LANGUAGE_BOOST = 0.5
IDENTIFIER_BOOST = 1.0

_PHRASE = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»')


@dataclass(frozen=True)
class QueryParts:
    """What is looked for.

    `words` are alternatives of which the best one counts, each with how often it was written: the stems of a word in
    several languages, or the readings of a number. `identifiers` and `phrases` are plain words that stand in a row.
    """

    words: tuple[tuple[tuple[str, ...], int], ...]
    identifiers: tuple[tuple[str, ...], ...]
    phrases: tuple[tuple[str, ...], ...]


def split_query(text: str, languages: Sequence[str | None]) -> QueryParts:
    """Take a query apart, for passages in any of `languages`, of which the first is most likely the query's own.

    Words that carry no subject are left out unless there is nothing else.
    """
    words = telling_words(text, languages[0])
    alternatives = zip(*(stems(words, language) for language in languages), strict=True)
    counted = Counter([tuple(dict.fromkeys(each)) for each in alternatives] + number_readings(text))
    telling = frozenset(words)
    own = (word for word in joined_words(text) if len(word) > 1 or not word[0].isalpha() or is_unspaced(word[0]))
    quoted = (tuple(plain_words("".join(groups))) for groups in _PHRASE.findall(text))
    return QueryParts(
        words=tuple(counted.most_common(MAX_TERMS)),
        identifiers=tuple(dict.fromkeys(word for word in own if not telling.isdisjoint(word)))[:MAX_IDENTIFIERS],
        phrases=tuple(phrase for phrase in quoted if phrase),
    )


class QueryBuilder:
    """Builds queries on a keyword index's schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def scored(self, parts: QueryParts, *, require_phrases: bool) -> Query | None:
        """BM25 over title, headings and text; None if there is nothing to look for.

        A passage must contain every phrase where `require_phrases`; otherwise a phrase only counts as its words.
        """
        options = []
        for alternatives, count in parts.words:
            options.append(Query.boost_query(self._best_of("body", alternatives), float(count)))
            options.append(Query.boost_query(self._best_of("title", alternatives), TITLE_BOOST * count))
        for words in parts.identifiers:
            options.append(Query.boost_query(self._phrase(words), IDENTIFIER_BOOST))
        clauses = [(Occur.Should, option) for option in options]
        if require_phrases:
            clauses += [(Occur.Must, self._phrase(words)) for words in parts.phrases]
        return Query.boolean_query(clauses) if clauses else None

    def restricted(self, query: Query, readers: frozenset[str], documents: frozenset[str] | None) -> Query:
        """The query within what `readers` may read, and within documents if some are named; scores stay the same."""
        principals = [(Occur.Should, self._term("readers", principal)) for principal in sorted(readers)]
        filters = [Query.boolean_query(principals)]
        if documents is not None:
            filters.append(Query.term_set_query(self._schema, "document_id", sorted(documents)))
        unscored = [(Occur.Must, Query.const_score_query(condition, 0.0)) for condition in filters]
        return Query.boolean_query([(Occur.Must, query), *unscored])

    def _term(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value)

    def _best_of(self, field: str, values: tuple[str, ...]) -> Query:
        first, *others = [self._term(field, value) for value in values]
        less = [Query.boost_query(other, OTHER_LANGUAGE_BOOST) for other in others]
        return Query.disjunction_max_query([first, *less]) if less else first

    def _phrase(self, words: tuple[str, ...]) -> Query:
        if len(words) == 1:
            return self._term("exact", words[0])
        return Query.phrase_query(self._schema, "exact", list(words))
