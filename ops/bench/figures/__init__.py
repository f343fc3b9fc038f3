"""What is measured: a module for each section, whose `measure` returns what it found."""
