"""What a model reads and how its answer is read: templates, messages, answer parser, citation check."""
