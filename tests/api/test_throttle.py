"""Guessing gets slower and slower; the owner, at another address, is not locked out."""

import pytest

from api.errors import TooManyTries
from api.throttle import (
    FORGET_SECONDS,
    FREE_TRIES,
    FREE_TRIES_PER_ADDRESS,
    MAX_ENTRIES,
    MAX_WAIT_SECONDS,
    SignInThrottle,
)

ANN, BOB, HERE, THERE = "ann@example.org", "bob@example.org", "10.0.0.1", "10.0.0.2"


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(clock: Clock) -> SignInThrottle:
    """Ann's free tries are used up, from here."""
    throttle = SignInThrottle(clock)
    for _ in range(FREE_TRIES):
        throttle.begin(ANN, HERE)
    return throttle


@pytest.mark.parametrize("spelling", [ANN, "ANN@example.org", f" {ANN} "])
def test_try_after_the_free_ones_has_to_wait(throttle: SignInThrottle, spelling: str) -> None:
    with pytest.raises(TooManyTries):
        throttle.begin(spelling, HERE)


def test_owner_elsewhere_is_heard(throttle: SignInThrottle) -> None:
    throttle.begin(ANN, THERE)


def test_somebody_else_here_is_heard(throttle: SignInThrottle) -> None:
    throttle.begin(BOB, HERE)


def test_try_is_heard_after_the_wait(throttle: SignInThrottle, clock: Clock) -> None:
    clock.seconds += 1
    throttle.begin(ANN, HERE)


def test_wait_grows_and_then_stays(throttle: SignInThrottle, clock: Clock) -> None:
    waits = []
    for _ in range(9):
        with pytest.raises(TooManyTries) as refused:
            throttle.begin(ANN, HERE)
        waits.append(refused.value.retry_after_seconds)
        clock.seconds += waits[-1]
        throttle.begin(ANN, HERE)

    assert waits == sorted(waits)
    assert waits[-1] == MAX_WAIT_SECONDS + 1


def test_success_is_a_new_start(throttle: SignInThrottle) -> None:
    throttle.succeeded(ANN, HERE)
    throttle.begin(ANN, HERE)


def test_failures_are_forgotten(throttle: SignInThrottle, clock: Clock) -> None:
    clock.seconds += FORGET_SECONDS
    for _ in range(FREE_TRIES):
        throttle.begin(ANN, HERE)


def test_one_password_for_many_people_is_slowed_down(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    for i in range(FREE_TRIES_PER_ADDRESS):
        throttle.begin(f"user-{i}@example.org", HERE)
    with pytest.raises(TooManyTries):
        throttle.begin(ANN, HERE)


def test_memory_is_bounded(clock: Clock) -> None:
    throttle = SignInThrottle(clock)
    for i in range(MAX_ENTRIES + 10):
        throttle.begin(ANN, f"10.1.{i // 256}.{i % 256}")
    assert len(throttle._failures) == MAX_ENTRIES
