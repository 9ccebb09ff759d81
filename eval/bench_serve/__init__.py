"""The benchmark of the server under many open chats, beside a bare endpoint over the same model."""
