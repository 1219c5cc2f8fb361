"""From the setting FOOTNOTE_MODEL to what writes answers: `extractive`, `provider:name`, or several in turn."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from generation.cascade import Cascade
from generation.chat import ChatModel, Parameters
from generation.extractive import Extractive
from generation.llm import LLM
from generation.prices import Price
from generation.prompt import load_prompt
from generation.support import SupportCheck
from generation.writer import Writer
from ingest.errors import InvalidInput

KEYED = ("openai", "anthropic", "gemini")
EXAMPLES = "extractive, openai:NAME, anthropic:NAME, gemini:NAME or local:FOLDER"


@dataclass(frozen=True)
class Access:
    """Where providers are reached and with what key, by provider; "" stands for those that are not named."""

    urls: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict, repr=False)

    def url(self, provider: str) -> str:
        """The URL to use instead of the provider's own; empty for its own."""
        return self.urls.get(provider, self.urls.get("", ""))

    def key(self, provider: str) -> str:
        """The key; empty where none is set."""
        return self.keys.get(provider, self.keys.get("", ""))


def read_access(url: str, key: str) -> Access:
    """Access from settings: one value for all, or `provider=value` with commas between where providers differ."""
    return Access(_by_provider(url), _by_provider(key))


def _by_provider(setting: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in (part.strip() for part in setting.split(",")):
        name, equals, value = part.partition("=")
        if equals and name.strip() in KEYED:
            values[name.strip()] = value.strip()
        elif part:
            values[""] = part
    return values


def load_llm(
    model: str,
    *,
    access: Access | None = None,
    parameters: Parameters | None = None,
    prices: dict[str, Price] | None = None,
    prompt_name: str = "",
) -> LLM:
    """What a setting such as `extractive`, `openai:gpt-5-mini` or `extractive > anthropic:claude-sonnet-4-5` names.

    Nothing is asked of a provider yet. Its SDK is imported only when the setting names it. `prompt_name` is the prompt
    file for all of them; empty for each provider's own.

    Raises:
        InvalidInput: there is no such provider or prompt, its SDK is not installed, or its key is missing.
    """
    parameters = parameters or Parameters()
    if prompt_name:
        load_prompt(prompt_name)
    loading = _Loading(SupportCheck(), access or Access(), parameters, prices or {}, prompt_name)
    members = [_load_member(name.strip(), loading) for name in model.split(">")]
    return members[0] if len(members) == 1 else Cascade(members, parameters.timeout_seconds)


@dataclass(frozen=True)
class _Loading:
    """What the members of a cascade share."""

    check: SupportCheck
    access: Access
    parameters: Parameters
    prices: dict[str, Price]
    prompt_name: str


def _load_member(model: str, loading: _Loading) -> LLM:
    if model == "extractive":
        return Extractive()
    provider, _, name = (part.strip() for part in model.partition(":"))
    if provider not in PROVIDERS or not name:
        raise InvalidInput(f"The model {model!r} is not supported; set FOOTNOTE_MODEL to {EXAMPLES}.")
    url, key = loading.access.url(provider), loading.access.key(provider)
    if provider in KEYED and not key and not (provider == "openai" and url):
        raise InvalidInput(f"{model} needs a key; set FOOTNOTE_MODEL_KEY to one of {provider}.")
    if provider in KEYED and url and not url.startswith(("http://", "https://")):
        raise InvalidInput(f"FOOTNOTE_MODEL_URL is {url!r}; it must begin with http:// or https://.")
    chat = PROVIDERS[provider](name, key, url)
    return Writer(chat, loading.check, loading.parameters, loading.prices, prompt_name=loading.prompt_name)


def _openai(name: str, key: str, url: str) -> ChatModel:
    try:
        from generation.openai_llm import OpenAIChat  # a second to import, and only for this provider
    except ImportError as error:
        raise _not_installed("openai", "openai") from error
    return OpenAIChat(name, key, url)


def _anthropic(name: str, key: str, url: str) -> ChatModel:
    try:
        from generation.anthropic_llm import AnthropicChat  # an optional SDK
    except ImportError as error:
        raise _not_installed("anthropic", "footnote[anthropic]") from error
    return AnthropicChat(name, key, url)


def _gemini(name: str, key: str, url: str) -> ChatModel:
    try:
        from generation.gemini_llm import GeminiChat  # an optional SDK
    except ImportError as error:
        raise _not_installed("gemini", "footnote[gemini]") from error
    return GeminiChat(name, key, url)


def _local(name: str, _key: str, _url: str) -> ChatModel:
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}; set FOOTNOTE_MODEL to local: and the folder of a model.")
    from generation.transformers_llm import TransformersChat  # seconds to import, and only for this provider

    return TransformersChat(folder)


PROVIDERS: dict[str, Callable[[str, str, str], ChatModel]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "gemini": _gemini,
    "local": _local,
}


def _not_installed(provider: str, package: str) -> InvalidInput:
    return InvalidInput(f"The SDK of {provider} is not installed; run: pip install '{package}'")
