"""From what a person typed to a keyword query: words, identifiers, quoted phrases; any text is safe."""

import re
from collections import Counter
from dataclasses import dataclass

from tantivy import Filter, Occur, Query, Schema, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

MAX_TERMS = 128
TITLE_BOOST = 0.3
IDENTIFIER_BOOST = 1.0

_PHRASE = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»')

# Words that carry no subject in an English question; they are kept in the index, so that phrases with them match.
STOP_WORDS = frozenset(
    "a about an and any are as at be been but by can could did do does for from had has have how i if in into "
    "is it its me my no not of on or our shall should so such than that the their them then there these they "
    "this to us was we were what when where which who whom whose why will with would you your".split()
)


def stemming_analyzer() -> TextAnalyzer:
    """Words split at everything but letters and digits, lower-case, without accents, English endings removed."""
    words = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(100))
    return words.filter(Filter.lowercase()).filter(Filter.ascii_fold()).filter(Filter.stemmer("english")).build()


def exact_analyzer() -> TextAnalyzer:
    """Words as written but for case and accents; identifiers such as ERR-4012, v2.3.1 and foo_bar.md stay whole."""
    inner = r"[-./:@+&'’]"
    words = TextAnalyzerBuilder(Tokenizer.regex(rf"[\p{{L}}\p{{M}}\p{{N}}_]+(?:{inner}[\p{{L}}\p{{M}}\p{{N}}_]+)*"))
    return words.filter(Filter.remove_long(250)).filter(Filter.lowercase()).filter(Filter.ascii_fold()).build()


@dataclass(frozen=True)
class QueryParts:
    """What is looked for: stems with their count, identifiers, and phrases as lists of exact words."""

    stems: dict[str, int]
    identifiers: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]


class QueryBuilder:
    """Builds queries on a keyword index's schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._stemming = stemming_analyzer()
        self._exact = exact_analyzer()

    def split(self, text: str) -> QueryParts:
        """Take a query apart; stop words are dropped unless there is nothing else."""
        words = self._exact.analyze(text)
        telling = [word for word in words if word not in STOP_WORDS] or words
        stems = Counter(stem for word in telling for stem in self._stemming.analyze(word))
        quoted = (self._exact.analyze("".join(groups)) for groups in _PHRASE.findall(text))
        return QueryParts(
            stems=dict(stems.most_common(MAX_TERMS)),
            identifiers=tuple(dict.fromkeys(word for word in telling if not word.isalpha()))[:MAX_TERMS],
            phrases=tuple(tuple(phrase) for phrase in quoted if phrase),
        )

    def scored(self, parts: QueryParts, *, require_phrases: bool) -> Query | None:
        """BM25 over title, headings and text; None if there is nothing to look for.

        A passage must contain every phrase where `require_phrases`; otherwise a phrase only counts as its words.
        """
        options = []
        for stem, count in parts.stems.items():
            options.append(Query.boost_query(self._term("body", stem), float(count)))
            options.append(Query.boost_query(self._term("title", stem), TITLE_BOOST * count))
        for word in parts.identifiers:
            options.append(Query.boost_query(self._term("exact", word), IDENTIFIER_BOOST))
        clauses = [(Occur.Should, option) for option in options]
        if require_phrases:
            clauses += [(Occur.Must, self._phrase(words)) for words in parts.phrases]
        return Query.boolean_query(clauses) if clauses else None

    def restricted(self, query: Query, readers: frozenset[str], documents: frozenset[str] | None) -> Query:
        """The query within what `readers` may read, and within documents where they are named; scores stay the same."""
        principals = [(Occur.Should, self._term("readers", principal)) for principal in sorted(readers)]
        filters = [Query.boolean_query(principals)]
        if documents is not None:
            filters.append(Query.term_set_query(self._schema, "document_id", sorted(documents)))
        unscored = [(Occur.Must, Query.const_score_query(condition, 0.0)) for condition in filters]
        return Query.boolean_query([(Occur.Must, query), *unscored])

    def _term(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value)

    def _phrase(self, words: tuple[str, ...]) -> Query:
        if len(words) == 1:
            return self._term("exact", words[0])
        return Query.phrase_query(self._schema, "exact", list(words))
