"""How a command ends: every exit status and when. Codes from 64 follow sysexits(3)."""

FAILED = 1
"""What was asked is answered, and the answer is no."""

DOWN = 76
"""What was asked for does not answer; ConnectionFailed's own."""

INTERRUPTED = 130  # 128 + SIGINT, as shells report it

EXITS = {
    0: "done, or stopped as told",
    FAILED: "a check failed, or lwd is not well; or a fault in lwd itself, with a traceback",
    64: "the command line is wrong",
    65: "a model in the store is damaged, or a hub offered other bytes than pinned",
    66: "a file cannot be read, or holds no audio",
    69: "a model, or an optional part of lwd, is not installed, or cannot be had or read",
    70: "an engine does not start or gives up, or lwd was stuck",
    71: "the address or port cannot be bound",
    73: "a log or an output cannot be written",
    DOWN: "a server does not answer, refused, or dropped the connection",
    78: "the configuration or the keys file is wrong",
    INTERRUPTED: "interrupted by Ctrl-C",
}
"""Every status, the same for all commands."""
