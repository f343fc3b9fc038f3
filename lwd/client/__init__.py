"""What talks to a daemon over the network, as any other client would: its streams, and its state."""
