"""How LangChain, LlamaIndex and Haystack make files searchable, as their introductions do it.

Run by `footnote bench ingest`, with the interpreter of an environment that has the extra `peers`:
`PYTHON evals/ingest_peers.py PEER MODEL-FOLDER`, paths on standard input, one a line. Prints one JSON object:
{"seconds", "passages", "query_seconds", "rss_mb"}. It imports nothing of the product, which that environment lacks.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence

QUERY = "How many days of vacation does an employee get?"
Ingest = Callable[[Sequence[str]], int]
Search = Callable[[str], object]


def main() -> None:
    """Ingest the files with one peer and print what it took; loading the model is not counted."""
    name, model = sys.argv[1:3]
    paths = sys.stdin.read().splitlines()
    ingest, search = PEERS[name](model)
    search(QUERY)
    started = time.perf_counter()
    n_passages = ingest(paths)
    seconds = time.perf_counter() - started
    search(QUERY)
    figures = {
        "seconds": seconds,
        "passages": n_passages,
        "query_seconds": time.perf_counter() - started - seconds,
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def langchain(model: str) -> tuple[Ingest, Search]:
    """PyPDFLoader and TextLoader, RecursiveCharacterTextSplitter(1000, 200) as in its RAG tutorial, a vector store in
    memory."""
    from langchain_community.document_loaders import PyPDFLoader, TextLoader
    from langchain_core.vectorstores import InMemoryVectorStore
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    store = InMemoryVectorStore(HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"}))
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)

    def ingest(paths: Sequence[str]) -> int:
        n_passages = 0
        for path in paths:
            loader = PyPDFLoader(path) if path.endswith(".pdf") else TextLoader(path)
            passages = splitter.split_documents(loader.load())
            store.add_documents(passages)
            n_passages += len(passages)
        return n_passages

    return ingest, store.similarity_search


def llamaindex(model: str) -> tuple[Ingest, Search]:
    """SimpleDirectoryReader and VectorStoreIndex.from_documents, with their defaults."""
    from llama_index.core import Settings, SimpleDirectoryReader, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    Settings.llm = None
    Settings.embed_model = HuggingFaceEmbedding(model_name=model, device="cpu")
    indexes: list[VectorStoreIndex] = []

    def ingest(paths: Sequence[str]) -> int:
        documents = SimpleDirectoryReader(input_files=list(paths)).load_data()
        indexes.append(VectorStoreIndex.from_documents(documents))
        return len(indexes[-1].docstore.docs)

    def search(query: str) -> object:
        return (
            indexes[-1].as_retriever().retrieve(query) if indexes else Settings.embed_model.get_query_embedding(query)
        )

    return ingest, search


def haystack(model: str) -> tuple[Ingest, Search]:
    """PyPDFToDocument and TextFileToDocument, DocumentSplitter, embedder and in-memory store, with their defaults."""
    from haystack.components.converters import PyPDFToDocument, TextFileToDocument
    from haystack.components.embedders import SentenceTransformersDocumentEmbedder, SentenceTransformersTextEmbedder
    from haystack.components.preprocessors import DocumentSplitter
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.utils import ComponentDevice

    cpu = ComponentDevice.from_str("cpu")
    embedder = SentenceTransformersDocumentEmbedder(model=model, device=cpu, progress_bar=False)
    query_embedder = SentenceTransformersTextEmbedder(model=model, device=cpu, progress_bar=False)
    splitter, store = DocumentSplitter(), InMemoryDocumentStore()
    for part in (embedder, query_embedder, splitter):
        part.warm_up()

    def ingest(paths: Sequence[str]) -> int:
        pdfs = [path for path in paths if path.endswith(".pdf")]
        texts = [path for path in paths if not path.endswith(".pdf")]
        documents = (
            PyPDFToDocument().run(sources=pdfs)["documents"] + TextFileToDocument().run(sources=texts)["documents"]
        )
        passages = embedder.run(documents=splitter.run(documents=documents)["documents"])["documents"]
        return int(store.write_documents(passages))

    def search(query: str) -> object:
        return store.embedding_retrieval(query_embedder.run(text=query)["embedding"])

    return ingest, search


PEERS: dict[str, Callable[[str], tuple[Ingest, Search]]] = {
    "LangChain": langchain,
    "LlamaIndex": llamaindex,
    "Haystack": haystack,
}

if __name__ == "__main__":
    main()
