"""How English is written: one rule or a few to a module."""
