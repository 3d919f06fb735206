"""A summsvc server that writes the number of its asyncio tasks to a file, once a second.

    python -m bench.soak.counted FILE serve

The arguments after FILE, and the settings, are those of summsvc.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

from summsvc.cli import main

INTERVAL_S = 1.0


def count(loop: asyncio.AbstractEventLoop, file: Path) -> None:
    """Write the number of unfinished tasks of a loop while it runs, forever."""
    while True:
        # A library may make another loop, which never runs.
        if loop.is_running():
            file.write_text(str(len(asyncio.all_tasks(loop))), "utf-8")
        time.sleep(INTERVAL_S)


class CountedPolicy(asyncio.DefaultEventLoopPolicy):
    """Makes event loops; the tasks of the main thread's loop are counted in a file."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        """Make a loop; the metrics endpoint has one of its own, in another thread."""
        loop = super().new_event_loop()
        if threading.current_thread() is threading.main_thread():
            threading.Thread(target=count, args=(loop, self._file), daemon=True).start()
        return loop


if __name__ == "__main__":
    asyncio.set_event_loop_policy(CountedPolicy(Path(sys.argv.pop(1))))
    main()
