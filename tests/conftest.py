"""What every test shares: a process that never reaches beyond loopback and never waits for an online service."""

import os

# Read by huggingface_hub when it is imported, so before anything else.
os.environ["HF_HUB_DISABLE_XET"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
# Models in tests are tiny: threads would only wait for each other, above all while the cores are busy.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.pop("HF_TOKEN", None)
