"""Settings of listening addresses and their security."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from summsvc.config.values import (
    CipherSuites,
    HostNames,
    NonEmptyText,
    OptionalAddress,
    OptionalFile,
)


class NetworkSettings(BaseModel):
    """Settings of listening addresses and their security."""

    host: NonEmptyText = Field(
        default="127.0.0.1",
        description="Address on which the server listens; 0.0.0.0 or [::]: all addresses.",
    )
    port: int = Field(
        default=50051, ge=0, le=65535, description="gRPC port; 0: a free port chosen at start."
    )
    health_port: int = Field(
        default=-1,
        ge=-1,
        le=65535,
        description="Additional gRPC port that serves health checks only, without TLS, for probes "
        "without a client certificate; 0: a free port, -1: disabled.",
    )
    metrics_host: NonEmptyText = Field(
        default="127.0.0.1", description="Address on which the metrics endpoint listens."
    )
    metrics_port: int = Field(
        default=9464,
        ge=-1,
        le=65535,
        description="HTTP port of /metrics; 0: a free port, -1: disabled.",
    )
    metrics_tls: bool = Field(
        default=False,
        description="Serve /metrics over TLS with tls_cert, tls_key and tls_client_ca.",
    )
    metrics_token_file: OptionalFile = Field(
        default=None,
        description="File with one accepted bearer token per line for /metrics; tokens of "
        "token_file are not accepted there.",
    )
    web: OptionalAddress = Field(
        default="",
        json_schema_extra={"default": "none"},
        description="HOST:PORT of a web page to try the service in a browser, with the TLS and the "
        "tokens of the gRPC port; needs the extra summsvc[web], and processes 1. As a flag without "
        "a value: 127.0.0.1:8080. Port 0: a free port; empty: disabled.",
    )
    web_hosts: HostNames = Field(
        default=(),
        description="Further host names by which browsers may reach the web page, for example "
        "that of a proxy. IP addresses, localhost and the host of web are always allowed.",
    )
    reflection: bool = Field(default=True, description="Enable gRPC server reflection.")
    tls_cert: OptionalFile = Field(
        default=None,
        description="PEM certificate chain of the server; enables TLS. tls_cert, tls_key, "
        "tls_client_ca, token_file and metrics_token_file are reloaded when they change, and on "
        "SIGHUP.",
    )
    tls_key: OptionalFile = Field(default=None, description="PEM private key of tls_cert.")
    tls_client_ca: OptionalFile = Field(
        default=None,
        description="PEM bundle of certificate authorities; clients must present a certificate "
        "signed by one of them (mTLS).",
    )
    tls_min_version: Literal["1.2", "1.3"] = Field(
        default="1.2",
        description="Lowest version of TLS that clients may use. TLS 1.0 and 1.1 are always "
        "rejected.",
    )
    tls_ciphers: CipherSuites = Field(
        default=(),
        description="Cipher suites of TLS 1.2 that clients may use, by their OpenSSL names; none: "
        "those with ECDHE and AES-GCM. The three suites of TLS 1.3 are always enabled.",
    )
    token_file: OptionalFile = Field(
        default=None,
        description="File with one accepted bearer token per line, or a TOML file (.toml) of named "
        "callers; calls without an accepted token are rejected, except health checks.",
    )
