"""Where a repository's bytes are. A storage knows bytes and versions, never an alias or a plaintext."""
