"""The gates on weight files: sound headers, a number of parameters within range, and an index that tells the truth."""

from pathlib import Path

from competitions.rejection import Rejection
from finetune.hub.files import INDEX, TEXT_LIMITS, weight_files
from finetune.hub.safetensors_header import read_header
from finetune.hub.strict_json import read_object

MAX_TENSORS = 100_000  # over all files; the largest models have some tens of thousands


def check_weights(folder: Path, *, min_parameters: int, max_parameters: int) -> Rejection | None:
    """Every header is sound, no tensor comes twice, and the parameters are within the range, both ends included."""
    names: set[str] = set()
    parameters = 0
    for file in weight_files(folder):
        try:
            tensors = read_header(file)
        except ValueError as error:
            return _bad_weights(file.name, str(error))
        for tensor in tensors:
            if tensor.name in names:
                return _bad_weights(file.name, f"tensor {tensor.name} is in another file too")
            names.add(tensor.name)
            parameters += tensor.parameters
        if len(names) > MAX_TENSORS:
            return _bad_weights(file.name, f"there are more than {MAX_TENSORS:,} tensors")
    if min_parameters <= parameters <= max_parameters:
        return None
    return Rejection(
        reason="parameters_out_of_range",
        text=f"the model has {parameters:,} parameters; {min_parameters:,} to {max_parameters:,} are allowed",
        evidence={"parameters": parameters, "min_parameters": min_parameters, "max_parameters": max_parameters},
    )


def check_index(folder: Path) -> Rejection | None:
    """A full model in several files has an index that puts every tensor where it lies; one in one file has none.

    Loaders open what the index names, wherever that is, so it may name nothing else. Expects sound headers.
    """
    files = weight_files(folder)
    single = [file.name for file in files] == ["model.safetensors"]
    if not (folder / INDEX).exists():
        return None if single else _bad_index("is missing; weights in several files need it")
    if single:
        return _bad_index("does not belong beside weights in one file")
    try:
        weight_map = read_object(folder / INDEX, TEXT_LIMITS[INDEX]).get("weight_map")
    except ValueError as error:
        return _bad_index(f"cannot be read: {error}")
    lies: dict[str, str] = {tensor.name: tensor.file.name for file in files for tensor in read_header(file)}
    if weight_map != lies:
        return _bad_index("does not name each tensor of the files in this folder, and the file it lies in")
    return None


def _bad_weights(name: str, what: str) -> Rejection:
    return Rejection(reason="malformed_weights", text=f"{name}: {what}", evidence={"file": name})


def _bad_index(what: str) -> Rejection:
    return Rejection(reason="wrong_index", text=f"{INDEX} {what}", evidence={"file": INDEX})
