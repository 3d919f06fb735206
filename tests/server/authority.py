"""Test certificate authority in a folder, created with openssl."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

CONFIG = """
[ca]
default_ca = here
[here]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""

EARLY, LONG_AGO, LATER, LATE = (
    "20200101000000Z",
    "20200201000000Z",
    "20600101000000Z",
    "20600201000000Z",
)
"""Times in the format of openssl, before, before, after and after now."""


@dataclass(frozen=True)
class Identity:
    """Files of a certificate and its key."""

    cert: Path
    key: Path

    def put(self, cert: Path, key: Path) -> None:
        """Overwrite two other files with them, one after the other."""
        shutil.copyfile(self.cert, cert)
        shutil.copyfile(self.key, key)


class Authority:
    """Signs certificates for localhost. folder: a folder for its files, not shared."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "config").write_text(CONFIG)
        (folder / "index").touch()
        (folder / "serial").write_text("01\n")
        self.cert = folder / "ca.pem"
        subject = ("-subj", f"/CN={name}")
        self.run("req", "-x509", *KEY, "-keyout", "ca.key", "-out", "ca.pem", *subject)

    def sign(self, name: str, begin: str = EARLY, end: str = LATE) -> Identity:
        """Create a key, and a certificate that is valid from ``begin`` to ``end``."""
        names = ("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.run(
            "req", *KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
            *names,
        )  # fmt: skip
        self.run(
            "ca", "-batch", "-notext", "-config", "config", "-cert", "ca.pem", "-keyfile", "ca.key",
            "-in", f"{name}.csr", "-out", f"{name}.pem", "-startdate", begin, "-enddate", end,
        )  # fmt: skip
        return Identity(self._folder / f"{name}.pem", self._folder / f"{name}.key")

    def run(self, *args: str) -> str:
        """Run openssl in the folder; return its output."""
        done = subprocess.run(
            ["openssl", *args], cwd=self._folder, check=True, capture_output=True, text=True
        )
        return done.stdout


def shown(port: int) -> str:
    """Fetch the certificate that a server presents on a new connection, in PEM form."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=60) as plain,
        context.wrap_socket(plain) as secure,
    ):
        found = secure.getpeercert(binary_form=True)
    assert found is not None
    return ssl.DER_cert_to_PEM_cert(found)
