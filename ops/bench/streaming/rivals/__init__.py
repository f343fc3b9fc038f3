"""Servers that lwd is measured beside: how each is installed, started, called and stopped.

`environment` installs one, `server` runs it, `weights` makes the form of the weights that it reads.
`whisperlivekit` and `whisperlive` are the rivals, `lineup` says which there are, and `table` draws
what was measured.
"""
