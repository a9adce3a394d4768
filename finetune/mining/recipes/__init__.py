"""Training by recipe: which weights learn from which data, how, and how well; on TRL and PEFT."""
