"""The embedding model as an OpenVINO graph, converted once and kept beside its manifest."""

import hashlib
import json
import logging
import os
import platform
import queue
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from ingest.batch_vectors import BatchVectors, Precision
from ingest.errors import IndexDamaged
from ingest.file_lock import locked
from ingest.manifest import Facts, publish_folder, verify_folder
from ingest.model_files import ModelFiles

logger = logging.getLogger(__name__)

CONVERTER_VERSION = 2  # raise it when convert_model.py gives other graphs
CONVERSION_TIMEOUT_SECONDS = 1800
GRAPH_NAME = "graph.xml"
BATCH_TOKENS = 512  # keeps a batch's activations in the cache of a core
PROJECT_FOLDER = Path(__file__).resolve().parent.parent


class ConversionFailed(Exception):
    """The model has no OpenVINO form; never leaves `load_graph`."""


class OpenVinoGraph:
    """A compiled graph; every thread that runs it at the same time has its own request, and a core of its own.

    A batch runs on one core: two batches side by side take less time than each in turn on two cores.
    """

    def __init__(self, folder: Path, precision: Precision, dimension: int) -> None:
        self.precision = precision
        self.dimension = dimension
        self.batch_tokens = BATCH_TOKENS
        self.n_parallel = _n_cores()
        self._compiled = _compile(folder, precision, self.n_parallel)
        self._idle: queue.LifoQueue[ov.InferRequest] = queue.LifoQueue()
        # OpenVINO's binding fills tables at its first run; two threads that do so at once wait for each other for ever.
        self.run(np.ones((1, 16), np.int64), np.ones((1, 16), np.int64))

    def run(self, token_ids: NDArray[np.int64], mask: NDArray[np.int64]) -> BatchVectors:
        """Unit vectors of token ids (b, t); `mask` (b, t) is 1 where there is a token."""
        try:
            request = self._idle.get_nowait()
        except queue.Empty:
            request = self._compiled.create_infer_request()
        request.infer([token_ids, mask], share_inputs=True)
        outputs = (np.array(request.get_output_tensor(i).data, dtype=np.float32) for i in range(2))
        vectors = BatchVectors(*outputs)
        self._idle.put(request)
        return vectors


def _compile(folder: Path, precision: Precision, n_streams: int) -> ov.CompiledModel:
    """The graph for this processor, as an earlier process compiled it, else compiled now and kept."""
    core = ov.Core()
    # What an int8 graph does not compute in int8 stays f32: with bf16, OpenVINO 2026 gives short texts other vectors.
    exact = "bf16" if precision == "bf16" else "f32"
    properties = {
        "NUM_STREAMS": str(n_streams),
        "INFERENCE_NUM_THREADS": str(n_streams),
        "INFERENCE_PRECISION_HINT": exact,
    }
    key = hashlib.sha256(json.dumps([ov.get_version(), _processor(), properties]).encode()).hexdigest()[:16]
    kept = folder.with_name(f"{folder.name}-compiled-{key}")
    if _verified(kept) is not None:
        return core.compile_model(folder / GRAPH_NAME, "CPU", properties | {"CACHE_DIR": str(kept)})
    try:
        prepared = Path(tempfile.mkdtemp(prefix=".compiling-", dir=kept.parent))
    except OSError as error:
        logger.info("The compiled graph is not kept for the next process: %s", error)
        return core.compile_model(folder / GRAPH_NAME, "CPU", properties)
    try:
        compiled = core.compile_model(folder / GRAPH_NAME, "CPU", properties | {"CACHE_DIR": str(prepared)})
        _publish_compiled(prepared, kept)
    finally:
        shutil.rmtree(prepared, ignore_errors=True)
    return compiled


def _publish_compiled(prepared: Path, kept: Path) -> None:
    """Keep a compiled graph for the next process; a full disk, or another process that did, only costs it the time."""
    try:
        shutil.rmtree(kept, ignore_errors=True)
        publish_folder(prepared, kept, {})
    except OSError as error:
        logger.info("The compiled graph is not kept for the next process: %s", error)


def _processor() -> str:
    """The processor's name and instructions: a compiled graph runs on no other."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    telling = sorted({line for line in lines if line.startswith(("model name", "flags", "stepping"))})
    return "\n".join(telling) or platform.processor()


def load_openvino_graph(files: ModelFiles, cache_folder: Path, precision: Precision) -> OpenVinoGraph:
    """Load the graph from `cache_folder`, converting the model first if need be; a second process waits meanwhile.

    Raises:
        ConversionFailed: the model cannot be converted.
    """
    kind = "int8" if precision == "int8" else "exact"
    folder = cache_folder / f"{files.name}-{files.weights_hash[:16]}-{kind}-{CONVERTER_VERSION}"
    facts = _verified(folder)
    if facts is None:
        cache_folder.mkdir(parents=True, exist_ok=True)
        with locked(cache_folder / "conversion.lock"):
            facts = _verified(folder) or _convert(files, folder, kind)
    kept = str(facts["kind"])
    return OpenVinoGraph(folder, precision if kind == kept else "bf16", dimension=int(facts["dimension"]))


def _verified(folder: Path) -> Facts | None:
    """The facts of a converted graph that is whole; None if it is absent or damaged."""
    if not folder.exists():
        return None
    try:
        return verify_folder(folder)
    except IndexDamaged as damage:
        logger.warning("Found a damaged embedding graph, which is converted again: %s", damage)
        return None


def _convert(files: ModelFiles, folder: Path, kind: str) -> Facts:
    """Convert in a child, so that PyTorch and the quantizer never stay in this process's memory."""
    logger.info("Converting the embedding model %s for this processor; this happens once", files.name)
    prepared = Path(tempfile.mkdtemp(prefix=".converting-", dir=folder.parent))
    # CI=true and NNCF_CI turn off usage reports, which OpenVINO's converter sends otherwise.
    environment = os.environ | {"CI": "true", "NNCF_CI": "1", "TRANSFORMERS_VERBOSITY": "error"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PROJECT_FOLDER), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "ingest.convert_model", str(files.folder), str(prepared.resolve()), kind]
    command += [str(files.max_tokens)]
    try:
        run = subprocess.run(  # noqa: S603
            command,
            env=environment,
            cwd=PROJECT_FOLDER,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CONVERSION_TIMEOUT_SECONDS,
            check=False,
        )
        if run.returncode != 0:
            raise ConversionFailed(run.stderr.strip().rpartition("\n")[2] or f"exit status {run.returncode}")
        kept, dimension = run.stdout.split()[-2:]
        if folder.exists():
            shutil.rmtree(folder)
        publish_folder(prepared, folder, {"kind": kept, "dimension": int(dimension)})
    except subprocess.TimeoutExpired as error:
        raise ConversionFailed(f"no result within {CONVERSION_TIMEOUT_SECONDS} s") from error
    finally:
        shutil.rmtree(prepared, ignore_errors=True)
    return {"kind": kept, "dimension": int(dimension)}


def _n_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def fastest_precision() -> Precision:
    """bf16 where the processor multiplies matrices of such numbers in hardware of its own (AMX), else int8."""
    return "bf16" if " amx_bf16" in _processor() else "int8"
