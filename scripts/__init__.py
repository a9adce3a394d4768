"""What a person runs now and then; each file is one command."""
