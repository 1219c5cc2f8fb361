"""Speed and quality beside a peer, one file a benchmark."""
