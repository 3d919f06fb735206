"""Ray on this machine with one application at a time, controlled through standard input.

    python -m tests.ray.controller CPUS

Prints the address of the gRPC proxy. Then each line of standard input is a JSON object with the
fields of ``Options``; the answer is a line "ready", or "failed: " and the reason. Ray ends with
standard input. In a process of its own: Ray changes the signals and the log of its driver.
"""

from __future__ import annotations

import json
import logging
import sys

import ray
from ray import serve

from summsvc.ray.application import Options, app, grpc_options
from tests.ray.slow_start import wait_longer
from tests.running import free_ports

OBJECT_STORE_BYTES = 200_000_000


def main() -> None:
    http_port, grpc_port = free_ports(2)
    wait_longer()
    ray.init(
        num_cpus=int(sys.argv[1]),
        object_store_memory=OBJECT_STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        _node_ip_address="127.0.0.1",
    )
    try:
        serve.start(
            proxy_location="HeadOnly",
            http_options={"host": "127.0.0.1", "port": http_port},
            grpc_options=grpc_options(grpc_port),
        )
        print(f"127.0.0.1:{grpc_port}", flush=True)
        name = ""
        for number, line in enumerate(sys.stdin):
            if name:
                serve.delete(name)
            name = f"application{number}"
            try:
                serve.run(app(Options(**json.loads(line))), name=name, route_prefix="/")
            except Exception as error:
                print("failed:", repr(error)[:2000].replace("\n", " "), flush=True)
            else:
                print("ready", flush=True)
    finally:
        serve.shutdown()  # type: ignore[no-untyped-call]
        ray.shutdown()


if __name__ == "__main__":
    main()
