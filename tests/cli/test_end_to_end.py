"""The installed command against a real server without models."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from google.protobuf.json_format import ParseDict

from summsvc.v1 import summarization_service_pb2 as pb
from tests.cli.conftest import COMMAND, SEED, Summsvc, environment

NAMES = ["summsvc.v1.SummarizationService", "summsvc.v1.ModelService", ""]


def test_the_seed_is_summarized(summsvc: Summsvc) -> None:
    done = summsvc("summarize", SEED, "--sentences", "3")
    assert done.returncode == 0
    summary, language = done.stdout.rstrip("\n").split("\n\n")
    assert "123 prisoners" in summary
    assert "Maria Kolesnikova" in summary
    assert "Source link" not in summary
    assert language.startswith("Language: en (confidence ")
    assert f"{SEED}: warning: BOILERPLATE_REMOVED at body " in done.stderr


def test_options_reach_the_real_service(summsvc: Summsvc) -> None:
    short = summsvc("summarize", SEED, "--words", "20", "--json")
    assert len(json.loads(short.stdout)["summary"].split()) <= 20
    kept = summsvc("summarize", SEED, "--keep-boilerplate", "--from", "en")
    assert "BOILERPLATE_REMOVED" not in kept.stderr
    assert "Language: en (as given)" in kept.stdout


def test_json_is_the_reply_with_proto_field_names(summsvc: Summsvc) -> None:
    done = summsvc("summarize", SEED, "--json")
    (line,) = done.stdout.splitlines()
    fields = json.loads(line)
    assert "source_span" in fields["sentences"][0]
    reply = ParseDict(fields, pb.SummarizeResponse())
    assert reply.language.code == "en"
    assert "BOILERPLATE_REMOVED" in str(fields["warnings"])
    assert done.stderr == ""


def test_a_missing_model_is_reported_with_the_command_that_installs_it(summsvc: Summsvc) -> None:
    done = summsvc("translate", SEED, "--to", "ru")
    assert (done.returncode, done.stdout) == (1, "")
    assert "MODEL_NOT_INSTALLED" in done.stderr
    assert "summsvc models pull firefox-en-ru" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_standard_input_and_mime_type(summsvc: Summsvc) -> None:
    html = b"<p>Vilnius is the capital of Lithuania.</p><p>It has many churches.</p>"
    done = summsvc(
        "summarize", "-", "--mime-type", "text/html", "--sentences", "1", "--json", stdin=html
    )
    assert "<p>" not in json.loads(done.stdout)["summary"]
    plain = summsvc("summarize", "-", "--sentences", "1", "--from", "en", "--json", stdin=html)
    assert "<p>" in json.loads(plain.stdout)["summary"]


def test_a_folder_is_processed_in_order_and_an_invalid_file_affects_no_other(
    summsvc: Summsvc, tmp_path: Path
) -> None:
    text = "The parliament of Lithuania voted on the budget on Tuesday. {} came second."
    (tmp_path / "deep").mkdir()
    names = ["a.txt", "b.md", "c.html", "deep/d.htm", "e.TXT"]
    for name in names:
        (tmp_path / name).write_text(text.format(name[-5:]))
    (tmp_path / "bad.txt").write_bytes("Geležinkelis".encode("windows-1257"))
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "notes.pdf").write_text("not an article")

    done = summsvc("summarize", tmp_path, tmp_path / "gone.txt", "--json")
    assert done.returncode == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    files = ["a.txt", "b.md", "bad.txt", "c.html", "deep/d.htm", "e.TXT", "empty.txt", "gone.txt"]
    assert len(lines) == len(files)
    for file, line in zip(files, lines, strict=True):
        if file in names:
            assert file[-5:] in line["summary"]
        else:
            assert line["error"].startswith(f"{tmp_path / file}: ")
    errors = done.stderr.splitlines()
    assert [line.partition(": ")[0] for line in errors] == [
        str(tmp_path / name) for name in ("bad.txt", "empty.txt", "gone.txt")
    ]
    assert "not UTF-8: byte 0xFE at offset 4" in errors[0]
    assert "EMPTY_ARTICLE" in errors[1]
    assert "no such file" in errors[2]

    human = summsvc("summarize", tmp_path / "a.txt", tmp_path / "b.md")
    assert human.returncode == 0
    assert [line for line in human.stdout.splitlines() if line.startswith("==>")] == [
        f"==> {tmp_path / 'a.txt'} <==",
        f"==> {tmp_path / 'b.md'} <==",
    ]


def test_names_of_files_that_a_terminal_cannot_show(summsvc: Summsvc, tmp_path: Path) -> None:
    for name in (b"\xff.txt", b"a\x1b[2J.txt"):
        (tmp_path / os.fsdecode(name)).write_text("")
    done = summsvc("summarize", tmp_path, "--json")
    assert done.returncode == 1
    assert [line.rpartition("/")[2].partition(": ")[0] for line in done.stderr.splitlines()] == [
        "a\N{REPLACEMENT CHARACTER}[2J.txt",
        "\\udcff.txt",
    ]
    assert all("EMPTY_ARTICLE" in json.loads(line)["error"] for line in done.stdout.splitlines())


def test_a_closed_standard_input_is_an_error(summsvc: Summsvc) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "{COMMAND}" summarize - <&-'],
        env=summsvc.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "<stdin>: standard input is closed\n")


@pytest.mark.parametrize("service", NAMES)
def test_health_of_a_serving_service(summsvc: Summsvc, service: str) -> None:
    done = summsvc("health", "--service", service)
    assert (done.returncode, done.stdout) == (0, "SERVING\n")


def test_health_of_translation_without_a_model(summsvc: Summsvc) -> None:
    done = summsvc("health", "--service", "summsvc.v1.TranslationService")
    assert (done.returncode, done.stdout) == (1, "NOT_SERVING\n")


def test_health_of_an_unknown_service(summsvc: Summsvc) -> None:
    done = summsvc("health", "--service", "nobody")
    assert done.returncode == 1
    assert "has no service 'nobody'" in done.stderr


def test_info_as_text_and_json(summsvc: Summsvc) -> None:
    done = summsvc("info")
    assert done.returncode == 0
    assert "max_body_code_points 1,000,000" in done.stdout
    assert "Default summary method: extractive" in done.stdout
    assert "opus-en-ru: not installed, translation en-ru" in done.stdout
    facts = json.loads(summsvc("info", "--json").stdout)
    assert facts["limits"]["max_body_code_points"] == 1_000_000
    assert "opus-en-ru" in [model["id"] for model in facts["models"]]


def test_without_a_server_one_line_is_printed_and_the_exit_code_is_3(tmp_path: Path) -> None:
    lost = Summsvc("localhost:1")
    (tmp_path / "a.txt").write_text("Text.")
    (tmp_path / "b.txt").write_text("Text.")
    for command in (
        ["health"],
        ["info"],
        ["summarize", tmp_path],
        ["translate", tmp_path, "--to", "ru"],
    ):
        done = lost(*command)
        assert done.returncode == 3, command
        assert done.stdout == ""
        (line,) = done.stderr.splitlines()
        assert "no server answers at localhost:1" in line
        assert "summsvc serve" in line


def serve(*args: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "serve", "--metrics-port", "-1", *args],
        env=environment(**env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_serve_loads_file_environment_and_flags_and_stops_on_a_signal(
    tmp_path: Path, signum: int
) -> None:
    (tmp_path / "tokens").write_text("s3cret\n")
    config = tmp_path / "summsvc.toml"
    config.write_text(f'host = "0.0.0.0"\nport = 1\ntoken_file = "{tmp_path / "tokens"}"\n')
    process = serve("--config", str(config), "--port", "0", SUMMSVC_HOST="127.0.0.1")
    assert process.stdout is not None
    address = process.stdout.readline().removeprefix("listening on ").strip()
    try:
        assert address.startswith("127.0.0.1:")
        summsvc = Summsvc(address)
        refused = summsvc("info")
        assert refused.returncode == 1
        assert "UNAUTHENTICATED" in refused.stderr
        assert "--token or SUMMSVC_TOKEN" in refused.stderr
        assert summsvc("info", "--token", "s3cret").returncode == 0
        assert summsvc("info", SUMMSVC_TOKEN="s3cret").returncode == 0
        assert summsvc("health").returncode == 0
    finally:
        process.send_signal(signum)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("args", "env", "expected"),
    [
        (["--port", "x"], {}, "port: .*'x' \\(from --port\\)"),
        ([], {"SUMMSVC_PORT": "99999"}, "\\(from SUMMSVC_PORT\\)"),
        (["--config", "/no/such.toml"], {}, "does not exist"),
        (["--frobnicate"], {}, "No such option"),
    ],
)
def test_serve_reports_invalid_settings_as_a_usage_error(
    args: list[str], env: dict[str, str], expected: str
) -> None:
    process = serve(*args, **env)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert re.search(expected, err)


def test_serve_reports_a_port_in_use(server: str) -> None:
    process = serve("--port", server.rpartition(":")[2])
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "cannot listen on" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("flag", "content", "expected"),
    [
        ("--token-file", b"", "has no token"),
        ("--token-file", b"\xff\xfe", "is not UTF-8"),
        ("--catalog-file", b"[ours]\n", r"\[ours\] task"),
        ("--tls-cert", b"not a certificate", "tls_cert: .* has no certificate"),
    ],
)
def test_serve_reports_invalid_files(
    tmp_path: Path, flag: str, content: bytes, expected: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    rest = ("--tls-key", str(path)) if flag == "--tls-cert" else ()
    process = serve("--port", "0", "--metrics-port", "-1", flag, str(path), *rest)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert re.search(expected, err)
    assert "Traceback" not in err
