"""The moment by which a request must have ended."""

import time


class Deadline:
    """Ends `seconds` after it was made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends_at = time.monotonic() + seconds

    @property
    def remaining_seconds(self) -> float:
        """What is left; 0 when it has passed."""
        return max(0.0, self._ends_at - time.monotonic())
