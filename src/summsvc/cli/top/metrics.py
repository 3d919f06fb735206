"""Metrics of a server: the Prometheus text format, parsed into values by name and labels.

The format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
"""

from __future__ import annotations

import math
import re
import ssl
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
"""Length of the longest reply; that of a server with many models has some hundred kilobytes."""

TIMEOUT_S = 5

_SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$")
_LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
_ESCAPES = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Labels = Mapping[str, str]


class MetricsError(Exception):
    """The metrics cannot be read; the message says why and what to do."""


class Metrics:
    """The samples of one scrape."""

    def __init__(self, samples: Iterable[tuple[str, Labels, float]]) -> None:
        self._samples: defaultdict[str, list[tuple[Labels, float]]] = defaultdict(list)
        for name, labels, value in samples:
            self._samples[name].append((labels, value))

    def total(self, name: str, /, **labels: str) -> float:
        """Sum of all samples of a name that have these labels; 0 without any."""
        return math.fsum(value for _, value in self._matching(name, labels))

    def by(self, label: str, name: str) -> dict[str, float]:
        """Sum of the samples of a name for each value of a label."""
        sums: defaultdict[str, float] = defaultdict(float)
        for labels, value in self._samples.get(name, ()):
            sums[labels.get(label, "")] += value
        return dict(sums)

    def buckets(self, name: str, /, **labels: str) -> dict[float, float]:
        """Cumulative counts of a histogram by upper bound, ascending."""
        sums: defaultdict[float, float] = defaultdict(float)
        for found, value in self._matching(f"{name}_bucket", labels):
            sums[float(found["le"])] += value
        return dict(sorted(sums.items()))

    def _matching(self, name: str, labels: Labels) -> Iterable[tuple[Labels, float]]:
        return (
            (found, value)
            for found, value in self._samples.get(name, ())
            if all(found.get(label) == wanted for label, wanted in labels.items())
        )


def parse(page: str) -> Metrics:
    """Parse a reply of a metrics endpoint; raises MetricsError if it is none."""
    samples = []
    for line in page.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        match = _SAMPLE.match(line)
        try:
            value = float(match[3]) if match else None
        except ValueError:
            value = None
        if match is None or value is None:
            raise MetricsError(
                f"the reply has a line that is no metric: {line[:60]}; set --metrics to a metrics "
                "endpoint"
            )
        labels = {name: _unescaped(text) for name, text in _LABEL.findall(match[2] or "")}
        samples.append((match[1], labels, value))
    return Metrics(samples)


def fetch(
    url: str,
    token: str = "",
    *,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
) -> Metrics:
    """Read the metrics at an address.

    token: bearer token of the endpoint. ca, cert, key: PEM files of the trusted authorities, and
    of the client's certificate and private key, for https. Raises MetricsError.
    """
    import httpx2

    headers = {"authorization": f"Bearer {token}"} if token else {}
    try:
        with (
            httpx2.Client(timeout=TIMEOUT_S, verify=_tls(ca, cert, key), trust_env=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code == 401:
                raise MetricsError(
                    f"{url} asks for a token: set --metrics-token or SUMMSVC_METRICS_TOKEN to one "
                    "of the server's metrics_token_file"
                )
            if not response.is_success:
                raise MetricsError(f"{url} answers HTTP {response.status_code}; set --metrics")
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise MetricsError(f"{url} sends more than {MAX_BYTES // 2**20} MiB")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise MetricsError(
            f"{url} cannot be read ({error or type(error).__name__}); set --metrics to the "
            "endpoint of this server, which has one unless its metrics_port is -1"
        ) from error
    return parse(body.decode("utf-8", "replace"))


def _tls(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context


def _unescaped(text: str) -> str:
    return re.sub(r"\\.", lambda match: _ESCAPES.get(match[0], match[0]), text)
