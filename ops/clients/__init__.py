"""The published clients of Deepgram, unmodified, against a running lwd.

`lineup` says which there are, `environment` installs one, `drivers` has a script for each in its own
language, and `process` runs that script. `scenario` says what every client must do, and `table`
shows which did. See docs/clients-tested.md.
"""
