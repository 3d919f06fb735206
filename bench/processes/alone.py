"""A parent with a single server process, which ``summsvc serve --processes 1`` does not start.

python -m bench.processes.alone serve ...
"""

from __future__ import annotations

from summsvc.cli import main
from summsvc.server import process
from summsvc.server.supervisor import parent

if __name__ == "__main__":
    vars(process)["run"] = parent.supervise
    main()
