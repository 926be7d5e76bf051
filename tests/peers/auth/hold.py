"""Runs a server in a process group of its own; ends the whole group, and removes FOLDER, with its standard input.

Usage: hold.py FOLDER SECONDS COMMAND... Whoever started this may end in any way: nothing outlives the pipe or the
SECONDS.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import time


def end(server):
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            return
        try:
            server.wait(3)
        except subprocess.TimeoutExpired:
            pass


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder, until = sys.argv[1], time.monotonic() + float(sys.argv[2])
    server = subprocess.Popen(sys.argv[3:], stdin=subprocess.PIPE, start_new_session=True)
    try:
        while server.poll() is None and time.monotonic() < until:
            if select.select([sys.stdin.buffer], [], [], 0.1)[0] and not sys.stdin.buffer.read1(4096):
                break
    finally:
        server.stdin.close()
        end(server)
        print(f"hold.py: ended with {server.returncode}", flush=True)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # What ended by itself is still to be explained: its log is in the folder until the pipe ends.
        sys.stdin.buffer.read()
        shutil.rmtree(folder, ignore_errors=True)


main()
