# Footnote in one image: the page, the API, the worker and the command line.
#   docker build -t footnote .
#   docker run -p 8000:8000 -v footnote-data:/data footnote

FROM python:3.11-slim AS build
WORKDIR /build
# For PyTorch without CUDA: --build-arg PIP_EXTRA_INDEX_URL=<the address of PyTorch's CPU wheels>
ARG PIP_EXTRA_INDEX_URL=""
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY ingest ingest
COPY retrieval retrieval
COPY generation generation
COPY evals evals
COPY api api
RUN python -m venv /opt/footnote \
    && /opt/footnote/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home footnote \
    && install --directory --owner footnote --group footnote --mode 0700 /data
COPY --from=build /opt/footnote /opt/footnote
ENV PATH=/opt/footnote/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HUB_OFFLINE=1 \
    FOOTNOTE_DATA_DIR=/data \
    FOOTNOTE_HOST=0.0.0.0 \
    FOOTNOTE_PORT=8000
USER footnote
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["footnote"]
CMD ["serve"]
