"""Who may ask something of lwd: keys, tokens and the forms in which clients present them.

Knows no HTTP server and no configuration, so that the `lwd keys` command can use it too.
"""
