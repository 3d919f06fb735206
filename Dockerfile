# summsvc: the extra `server`, without torch. Models come from a mounted folder.
ARG BASE_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE_IMAGE} AS build
# A folder with wheels in the build context; empty unless someone fills it for a
# build without a package registry.
ARG WHEELS=deploy/docker/wheels
# Set to 1 to take nothing but those wheels.
ARG PIP_NO_INDEX
WORKDIR /src
COPY ${WHEELS} /wheels
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python3 -m venv /opt/summsvc \
    && /opt/summsvc/bin/pip install --no-cache-dir --disable-pip-version-check \
       --find-links /wheels --constraint constraints.txt '.[server]' \
    && /opt/summsvc/bin/pip uninstall --yes --quiet pip setuptools

FROM ${BASE_IMAGE} AS runtime
LABEL org.opencontainers.image.title="summsvc" \
      org.opencontainers.image.description="gRPC service for short summaries and translations of news articles" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/summsvc /opt/summsvc
ENV PATH=/opt/summsvc/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 \
    SUMMSVC_HOST=0.0.0.0 \
    SUMMSVC_PORT=50051 \
    SUMMSVC_METRICS_HOST=0.0.0.0 \
    SUMMSVC_MODEL_DIR=/models
RUN mkdir /models
USER 10001:10001
WORKDIR /tmp
VOLUME ["/models"]
EXPOSE 50051 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["sh", "-c", "summsvc health --server localhost:${SUMMSVC_HEALTH_PORT:-$SUMMSVC_PORT} --timeout 3"]
ENTRYPOINT ["summsvc"]
CMD ["serve"]
