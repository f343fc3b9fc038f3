"""Tries a server out with what lwd brings along: a tone, a sentence, and a daemon for the purpose."""
