# summsvc with the extra `torch`, for NVIDIA GPUs. Build the image of the Dockerfile first:
#   docker build -t summsvc .
#   docker build -t summsvc-gpu -f deploy/docker/gpu.Dockerfile .
# The file of torch depends on the GPU's driver, so it has no hash in the lock files; the
# versions are those of constraints.txt.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm
ARG IMAGE=summsvc

# hadolint ignore=DL3006
FROM ${IMAGE} AS summsvc

FROM ${BASE_IMAGE} AS torch
# Another index than that of Python packages, for another version of CUDA.
ARG TORCH_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY --from=summsvc /opt/summsvc /opt/summsvc
COPY constraints.txt /constraints.txt
RUN python3 -m venv /opt/tools \
    && /opt/tools/bin/pip --python /opt/summsvc/bin/python install --no-compile \
       ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} \
       --constraint /constraints.txt torch transformers

# hadolint ignore=DL3006
FROM ${IMAGE} AS runtime
COPY --from=torch /opt/summsvc /opt/summsvc
# The CUDA libraries write their caches there; the root file system may be read-only.
ENV HOME=/tmp
