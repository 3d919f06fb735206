# summsvc: the extra `server`, without torch. Models come from a mounted folder, or from
# the build argument MODELS.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS dependencies
# A folder with the files of requirements/build.txt and requirements/server.txt in the build
# context; empty unless someone fills it for a build without a package registry.
ARG WHEELS=deploy/docker/wheels
# Set to 1 to take nothing but those files.
ARG PIP_NO_INDEX
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# binutils: strip; the compiler: eldc, which has no wheel for arm64. The tools do not reach
# the image, so their versions do not matter.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY ${WHEELS} /wheels
COPY requirements/build.txt requirements/server.txt /requirements/
RUN python3 -m venv /opt/tools && python3 -m venv --without-pip /opt/summsvc \
    && /opt/tools/bin/pip install --no-deps --require-hashes --find-links /wheels \
       --requirement /requirements/build.txt \
    && /opt/tools/bin/pip wheel --no-deps --require-hashes --no-build-isolation \
       --find-links /wheels --wheel-dir /locked --requirement /requirements/server.txt \
    && /opt/tools/bin/pip --python /opt/summsvc/bin/python install --no-deps --no-index \
       --no-compile /locked/*.whl
COPY deploy/docker/trim deploy/docker/compile /usr/local/bin/
RUN trim /opt/summsvc && compile /opt/summsvc

# The application in a layer of its own: a new version replaces only this layer.
FROM dependencies AS application
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /built . \
    && /opt/tools/bin/pip --python /opt/summsvc/bin/python install --no-deps --no-index \
       --no-compile --prefix /application /built/*.whl \
    && compile /application /opt/summsvc

FROM ${BASE_IMAGE} AS models
# Ids of models to bake into the image, separated by spaces.
ARG MODELS
# A server with copies of the published files, and a catalog file in the build context.
ARG SUMMSVC_MODEL_MIRROR
ARG SUMMSVC_CATALOG_FILE
# The date that manifests and layers get, in seconds since 1970.
ARG SOURCE_DATE_EPOCH
COPY --from=dependencies /opt/summsvc /opt/summsvc
COPY --from=application /application /opt/summsvc
COPY deploy/docker /deploy/docker
WORKDIR /
# shellcheck disable=SC2086: ids are words
RUN mkdir /models && if [ -n "$MODELS" ]; then \
      /opt/summsvc/bin/summsvc models --model-dir /models pull $MODELS \
      && /opt/summsvc/bin/summsvc models --model-dir /models verify \
      && rm -rf /models/.[!.]*; fi

FROM ${BASE_IMAGE} AS runtime
ARG VERSION
ARG REVISION
ARG CREATED
LABEL org.opencontainers.image.title="summsvc" \
      org.opencontainers.image.description="gRPC service for short summaries and translations of news articles" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=dependencies /opt/summsvc /opt/summsvc
COPY --from=application /application /opt/summsvc
COPY --from=models /models /models
ENV PATH=/opt/summsvc/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    SUMMSVC_HOST=0.0.0.0 \
    SUMMSVC_PORT=50051 \
    SUMMSVC_METRICS_HOST=0.0.0.0 \
    SUMMSVC_MODEL_DIR=/models
USER 10001:10001
WORKDIR /tmp
EXPOSE 50051 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["sh", "-c", "summsvc health --server localhost:${SUMMSVC_HEALTH_PORT:-$SUMMSVC_PORT} --timeout 3"]
ENTRYPOINT ["summsvc"]
CMD ["serve"]
