"""Citations as numbered footnotes, for text without links: the command line and chat clients."""

from generation.events import CitationView, ClaimView


class Footnotes:
    """Numbers citations from 1 in the order in which claims name them; the same place has one number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}
        self.citations: list[CitationView] = []

    def mark(self, claim: ClaimView) -> str:
        """What to write after a claim: a space and its numbers, and its verdict where that is not supported."""
        numbers = "".join(f"[{self._number(citation)}]" for citation in claim.citations)
        marks = [numbers] if numbers else []
        if claim.verdict != "supported":
            marks.append(f"({claim.verdict})")
        return "".join(f" {mark}" for mark in marks)

    def _number(self, citation: CitationView) -> int:
        key = (citation.version_id, citation.start, citation.end)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers) + 1
            self.citations.append(citation)
        return self._numbers[key]
