"""From a ranking of passages to hits as people read them: grouped, without repetitions, neighbours joined."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from retrieval.hit import Place
from retrieval.near_duplicates import NO_WORDING, Wording, say_the_same, wording_of
from retrieval.options import Group, SearchOptions
from retrieval.passages import LoadedPassage

MAX_MERGED = 3


@dataclass
class Finding:
    """A hit in the making: the best passage, those that say the same, and its neighbours from first to last."""

    lead: LoadedPassage
    wording: Wording
    duplicates: list[Place] = field(default_factory=list)
    neighbours: list[LoadedPassage] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.neighbours.append(self.lead)

    def takes_in(self, passage: LoadedPassage) -> bool:
        """Join a passage that stands right before or after on the same page; False if it does not."""
        first, last = self.neighbours[0], self.neighbours[-1]
        own, other = first.place, passage.place
        if (own.version_id, own.page) != (other.version_id, other.page) or len(self.neighbours) >= MAX_MERGED:
            return False
        if passage.ordinal == last.ordinal + 1:
            self.neighbours.append(passage)
        elif passage.ordinal == first.ordinal - 1:
            self.neighbours.insert(0, passage)
        else:
            return False
        return True


def assemble(portions: Iterable[Sequence[LoadedPassage]], options: SearchOptions, k: int) -> list[Finding]:
    """The first `k` findings of passages that come in portions in order of their rank.

    No more portions are read than that takes; what is left of the last one may still be a repetition or a neighbour.
    """
    findings: list[Finding] = []
    seen: set[tuple[str, int]] = set()
    for portion in portions:
        for passage in portion:
            wording = wording_of(passage.text, passage.heading) if options.collapse else NO_WORDING
            same = next((finding for finding in findings if say_the_same(finding.wording, wording)), None)
            unit = _unit(passage, options.group)
            if same is not None:
                same.duplicates.append(passage.place)
            elif options.merge_neighbours and any(finding.takes_in(passage) for finding in findings):
                continue
            elif unit not in seen and len(findings) < k:
                seen.add(unit)
                findings.append(Finding(passage, wording))
        if len(findings) == k:
            break
    return findings


def _unit(passage: LoadedPassage, group: Group) -> tuple[str, int]:
    """What at most one hit is given out of: the passage, its page or its document."""
    if group == "document":
        return passage.place.document_id, 0
    if group == "page":
        return passage.place.version_id, passage.place.page
    return "", passage.place.passage_id
