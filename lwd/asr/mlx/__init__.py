"""Whisper on MLX: the only package that imports mlx. It runs in the engine process alone."""
