#!/usr/bin/env python3
"""Types into an interactive shell on a terminal of its own until the shell
shows WANTED: completion.py SHELL SCRIPT_FOLDER KEYS WANTED, where \\t in KEYS is
TAB. Exit code 1 when it does not within 20 s."""
import os
import pty
import select
import sys
import time

shell, scripts, keys, wanted = sys.argv[1:5]
commands = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
setup = {
    "bash": f"PS1='$ '; source {scripts}/upkeep.bash; bind 'set bell-style none'",
    "zsh": f"PS1='$ '; fpath=({scripts} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep",
}


def read_until(fd, done, seconds=20.0):
    """Reads until `done` says so of all that came."""
    seen, end = b"", time.monotonic() + seconds
    while not done(seen):
        left = end - time.monotonic()
        if left <= 0:
            sys.stdout.write(seen.decode(errors="replace"))
            sys.exit("the shell did not answer")
        if select.select([fd], [], [], min(left, 0.2))[0]:
            seen += os.read(fd, 65536)
    return seen


pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "dumb"
    os.environ["COLUMNS"] = "200"
    os.execvp(commands[shell][0], commands[shell])
os.write(fd, (setup[shell] + "; echo REA''DY\n").encode())
read_until(fd, lambda seen: b"READY\r" in seen)
os.write(fd, keys.encode().decode("unicode_escape").encode())
seen = read_until(fd, lambda seen: wanted.encode() in seen)
sys.stdout.write(seen.decode(errors="replace"))
os.write(fd, b"\x03\nexit\n")
os.close(fd)
os.waitpid(pid, 0)
