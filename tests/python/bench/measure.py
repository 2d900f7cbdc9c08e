"""Runs one command as a whole process and writes what it took to a file.

Usage: measure.py RESULT STDOUT COMMAND [ARGUMENT ...]

RESULT gets one JSON object: wall seconds from start to end of the process; processor seconds of it and
all processes that it started; the greatest resident memory in bytes of the largest of them. STDOUT gets
what the command writes to standard output. Ends with status 1 when the command fails.
"""

import ctypes
import json
import os
import resource
import sys
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Makes processes that outlive the command ours, so that they are counted: PySpark leaves its Java
    process to end by itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_for_orphans() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def main() -> int:
    result_path, stdout_path, *command = sys.argv[1:]
    adopt_orphans()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, stdout_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
    ]
    begin = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - begin
    wait_for_orphans()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Linux counts kibibytes, macOS bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    result = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_bytes": usage.ru_maxrss * unit,
    }
    with open(result_path, "w", encoding="utf-8") as file:
        json.dump(result, file)
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
