"""An answer while it is written."""

import time
from dataclasses import dataclass, field

from generation.events import ClaimView, Usage
from generation.pieces import CallPiece, NotePiece, RawPiece, UsagePiece
from generation.record import WrittenBy


@dataclass
class Draft:
    """Text, claims and circumstances so far; one thread writes it."""

    model: str
    text: str = ""
    claims: list[ClaimView] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    degraded: list[str] = field(default_factory=list)
    timings_ms: dict[str, float] = field(default_factory=dict)
    written_by: WrittenBy = field(default_factory=WrittenBy)

    def degrade(self, name: str) -> None:
        """Name something that makes the answer less than it could be, once."""
        if name not in self.degraded:
            self.degraded.append(name)

    def note(self, piece: CallPiece | NotePiece | UsagePiece | RawPiece) -> None:
        """Keep what a model tells beside its sentences; the usage of several calls is added up."""
        match piece:
            case NotePiece(name):
                self.degrade(name)
            case CallPiece(model_id, prompt, sha256, parameters):
                self.model = model_id
                self.written_by = WrittenBy(prompt or None, sha256 or None, parameters or None)
            case RawPiece(text):
                written = self.written_by
                self.written_by = WrittenBy(written.prompt, written.prompt_sha256, written.parameters, text)
            case UsagePiece(usage):
                self.usage = Usage(
                    self.usage.prompt_tokens + usage.prompt_tokens,
                    self.usage.completion_tokens + usage.completion_tokens,
                    self.usage.cost + usage.cost,
                )

    def add_time(self, step: str, began: float) -> None:
        """Add the time since `began` (of `time.perf_counter`) to a step, in milliseconds."""
        passed = 1000 * (time.perf_counter() - began)
        self.timings_ms[step] = round(self.timings_ms.get(step, 0.0) + passed, 2)
