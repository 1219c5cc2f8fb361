"""What a model call costs, from a table of prices that anyone can edit."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from generation.events import Usage
from ingest.errors import InvalidInput

TOKENS_PER_PRICE = 1_000_000


@dataclass(frozen=True)
class Price:
    """US dollars per million tokens."""

    input: float
    output: float


def load_prices(path: Path | None = None) -> dict[str, Price]:
    """Prices by the beginning of a model's name; None reads the bundled `prices.toml`.

    Raises:
        InvalidInput: the file is not there or not of the bundled one's form.
    """
    source = files("generation").joinpath("prices.toml") if path is None else path
    try:
        table = tomllib.loads(source.read_text(encoding="utf-8"))
        return {model: Price(float(row["input"]), float(row["output"])) for model, row in table.items()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"The price table {path} cannot be read ({type(error).__name__}); give FOOTNOTE_MODEL_PRICES a TOML file "
            "like generation/prices.toml."
        ) from error


def with_cost(usage: Usage, model_id: str, prices: dict[str, Price]) -> Usage:
    """The usage with its cost in US dollars; 0 for a model that has no price."""
    names = [name for name in prices if model_id == name or model_id.startswith((f"{name}-", f"{name}@", f"{name}:"))]
    if not names:
        return usage
    price = prices[max(names, key=len)]
    cost = (usage.prompt_tokens * price.input + usage.completion_tokens * price.output) / TOKENS_PER_PRICE
    return Usage(usage.prompt_tokens, usage.completion_tokens, round(cost, 8))
