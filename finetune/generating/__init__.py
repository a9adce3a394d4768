"""Training and test data written by a chat model about documents: conversations, and multiple-choice questions."""
