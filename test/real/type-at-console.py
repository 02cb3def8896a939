"""Runs a program at a terminal of its own: type-at-console.py 'WAIT FOR' 'TYPE' ['WAIT FOR' 'TYPE' ...] -- PROGRAM ...

Waits for each text and types what follows it, then prints all that the program wrote. Ends it after 30 seconds.
"""

import os
import pty
import select
import signal
import sys
import time

END = time.monotonic() + 30
split = sys.argv.index("--")
steps = sys.argv[1:split]
pairs = [(steps[at].encode(), steps[at + 1].encode()) for at in range(0, len(steps), 2)]

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])

written = b""
seen = 0
while time.monotonic() < END:
    if select.select([terminal], [], [], 0.1)[0]:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        written += part
    while pairs and pairs[0][0] in written[seen:]:
        wanted, typed = pairs.pop(0)
        seen = written.index(wanted, seen) + len(wanted)
        os.write(terminal, typed)
else:
    os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
sys.stdout.write(written.decode("utf-8", "replace"))
