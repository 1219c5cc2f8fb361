"""What went wrong with a model's provider, as a sentence that says what to do; never with a key or a body in it."""

from generation.errors import ProviderFailed

MAX_WAIT_SECONDS = 10.0
RETRY_WAIT_SECONDS = 0.5


def explain_status(model_id: str, host: str, status: int, retry_after: str | None) -> ProviderFailed:
    """The failure for an HTTP status; 408, 409, 429 and the 5xx may pass when tried again."""
    if status == 401:
        return ProviderFailed(f"{host} did not accept the key for {model_id}; correct FOOTNOTE_MODEL_KEY.")
    if status == 403:
        return ProviderFailed(
            f"The key may not use {model_id} at {host}; give it the right, or set another FOOTNOTE_MODEL."
        )
    if status == 404:
        return ProviderFailed(f"{host} does not know {model_id}; correct FOOTNOTE_MODEL, or FOOTNOTE_MODEL_URL.")
    if status == 413:
        return ProviderFailed(f"The prompt is too long for {model_id}; lower FOOTNOTE_MODEL_CONTEXT_TOKENS.")
    wait = _read_wait(retry_after)
    if status == 429:
        return ProviderFailed(
            f"{host} takes no more requests for {model_id} now (429); ask again in a minute, or raise the limit.",
            worth_retrying=True,
            wait_seconds=wait,
        )
    if status >= 500 or status in (408, 409):
        return ProviderFailed(
            f"{host} failed to answer for {model_id} ({status}); ask again, and look there if it goes on.",
            worth_retrying=True,
            wait_seconds=wait,
        )
    return ProviderFailed(
        f"{host} refused the request for {model_id} ({status}); check FOOTNOTE_MODEL, and whether the model knows the "
        "settings FOOTNOTE_MODEL_TEMPERATURE, _TOP_P, _TOP_K and _SEED, and reads FOOTNOTE_MODEL_CONTEXT_TOKENS tokens."
    )


def explain_timeout(model_id: str, seconds: float) -> ProviderFailed:
    """The failure for a deadline that passed."""
    return ProviderFailed(
        f"{model_id} was not done within {seconds:g} seconds; ask again, or raise FOOTNOTE_MODEL_TIMEOUT_SECONDS."
    )


def explain_unreachable(model_id: str, host: str, *, begun: bool) -> ProviderFailed:
    """The failure for a connection that was not made or broke, before or after an answer had `begun`."""
    if begun:
        return ProviderFailed(f"The connection to {host} broke while {model_id} wrote; ask again.", worth_retrying=True)
    return ProviderFailed(
        f"{host} cannot be reached for {model_id}; check that it runs, the network, and FOOTNOTE_MODEL_URL.",
        worth_retrying=True,
        wait_seconds=RETRY_WAIT_SECONDS,
    )


def explain_odd_answer(model_id: str, host: str) -> ProviderFailed:
    """The failure for an answer that is not of the provider's form."""
    return ProviderFailed(f"{host} answered for {model_id} in a form that cannot be read; check FOOTNOTE_MODEL_URL.")


def _read_wait(retry_after: str | None) -> float:
    """Seconds to wait, from a Retry-After header in seconds; at most `MAX_WAIT_SECONDS`."""
    try:
        wait = float(retry_after or "")
    except ValueError:
        return RETRY_WAIT_SECONDS
    return min(max(wait, 0.0), MAX_WAIT_SECONDS) if wait == wait else RETRY_WAIT_SECONDS
