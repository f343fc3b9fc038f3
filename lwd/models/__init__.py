"""The models that lwd knows and the store that holds them on disk. Knows nothing of MLX."""
