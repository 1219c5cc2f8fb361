"""Convert a sentence-transformers model to an OpenVINO graph: `python -m ingest.convert_model FOLDER OUT KIND TOKENS`.

Runs in a child process of its own. KIND is int8 (quantized) or exact. The graph takes token ids and mask, both (b, t),
and gives unit vectors (b, d) and unit token vectors (b, t, d). Prints the kind that was kept and d.
"""

import sys
from pathlib import Path

import numpy as np
import openvino as ov
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from ingest.calibration import calibration_texts

MIN_MEAN_COSINE = 0.985
MIN_COSINE = 0.95
MIN_EXACT_COSINE = 0.9999

Batch = dict[str, NDArray[np.int64]]


class ConversionMismatch(Exception):
    """The converted graph does not give the model's own vectors."""


class _UnitVectors(torch.nn.Module):
    """The whole model as a function of two tensors: sentence vectors, pooling included, and token vectors."""

    def __init__(self, model: SentenceTransformer) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
        sentence, tokens = features["sentence_embedding"], features["token_embeddings"]
        normalize = torch.nn.functional.normalize
        return normalize(sentence, p=2.0, dim=1), normalize(tokens, p=2.0, dim=2)


def convert(folder: Path, kind: str, max_tokens: int) -> tuple[ov.Model, str]:
    """The graph of the model in `folder`, and the kind it has: exact where int8 would change vectors too much.

    Raises:
        ConversionMismatch: not even the exact graph gives the model's vectors.
    """
    model = SentenceTransformer(
        str(folder), device="cpu", local_files_only=True, model_kwargs={"attn_implementation": "eager"}
    ).eval()
    wrapped = _UnitVectors(model)
    batches = _tokenize(folder, max_tokens)
    calibration, held_out = batches[::2], batches[1::2]
    exact = _trace(wrapped)
    with torch.inference_mode():
        expected = [wrapped(*(torch.from_numpy(array) for array in batch.values()))[0].numpy() for batch in held_out]
    if min(_cosines(exact, held_out, expected)) < MIN_EXACT_COSINE:
        raise ConversionMismatch("the converted graph gives other vectors than the model")
    if kind == "exact":
        return exact, "exact"
    quantized = _quantize(exact, calibration)
    cosines = _cosines(quantized, held_out, expected)
    if np.mean(cosines) < MIN_MEAN_COSINE or min(cosines) < MIN_COSINE:
        return exact, "exact"
    return quantized, "int8"


def _tokenize(folder: Path, max_tokens: int) -> list[Batch]:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    encodings = tokenizer.encode_batch(calibration_texts())
    return [
        {"input_ids": np.array([item.ids], np.int64), "attention_mask": np.ones((1, len(item.ids)), np.int64)}
        for item in encodings
    ]


def _trace(wrapped: torch.nn.Module) -> ov.Model:
    example = torch.ones(2, 16, dtype=torch.int64)
    dynamic = [("input_ids", [-1, -1], ov.Type.i64), ("attention_mask", [-1, -1], ov.Type.i64)]
    with torch.inference_mode():
        return ov.convert_model(wrapped, example_input={"input_ids": example, "attention_mask": example}, input=dynamic)


def _quantize(graph: ov.Model, calibration: list[Batch]) -> ov.Model:
    import nncf  # heavy, and only int8 needs it

    return nncf.quantize(
        graph, nncf.Dataset(calibration), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(calibration)
    )


def _cosines(graph: ov.Model, batches: list[Batch], expected: list[NDArray[np.float32]]) -> list[float]:
    compiled = ov.Core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [float(np.sum(compiled(batch)[0] * rows)) for batch, rows in zip(batches, expected, strict=True)]


def main() -> None:
    """Read the arguments, convert, and write `graph.xml` with its weights."""
    folder, out, kind, max_tokens = sys.argv[1:]
    graph, kept = convert(Path(folder), kind, int(max_tokens))
    ov.save_model(graph, Path(out) / "graph.xml", compress_to_fp16=False)
    sys.stdout.write(f"{kept} {graph.output(0).partial_shape[1].get_length()}\n")


if __name__ == "__main__":
    main()
