"""What a competition demands of a training: which models may take part, and how long their samples are."""

from pathlib import Path

from competitions.competition import Competition
from finetune.errors import SetupError
from finetune.hub.digest import folder_digest
from finetune.hub.files import CONFIG, TEXT_LIMITS, weight_files
from finetune.hub.safetensors_header import read_header
from finetune.hub.strict_json import read_object
from finetune.mining.recipes.recipe import Recipe


def check_recipe(recipe: Recipe, competition: Competition) -> None:
    """Raise `SetupError` where validators would turn away whatever this recipe makes, of any base."""
    allowed, who = competition.constraints, f"competition {competition.id}"
    is_adapter = recipe.trains == "adapter"
    if is_adapter and allowed.lora == "no":
        raise SetupError(f"{who} takes full models only; train with the recipe full or partial")
    if not is_adapter and allowed.lora == "only":
        raise SetupError(f"{who} takes LoRA adapters only; train with the recipe lora, qlora or dpo")
    if recipe.sequence_length > allowed.sequence_length:
        found = f"sequence_length is {recipe.sequence_length:,}"
        raise SetupError(f"{found}; allowed is at most {allowed.sequence_length:,}, where {who} cuts samples")


def check_rules(recipe: Recipe, base: Path, competition: Competition) -> None:
    """Raise `SetupError` where validators would turn away whatever this recipe makes of this base."""
    check_recipe(recipe, competition)
    allowed, who = competition.constraints, f"competition {competition.id}"
    is_adapter = recipe.trains == "adapter"
    try:
        architectures = read_object(base / CONFIG, TEXT_LIMITS[CONFIG]).get("architectures")
        parameters = sum(tensor.parameters for file in weight_files(base) for tensor in read_header(file))
    except (OSError, ValueError) as error:
        raise SetupError(f"{base} is no model folder: {error}") from error
    if not isinstance(architectures, list) or architectures[:1] not in [[one] for one in allowed.architectures]:
        raise SetupError(
            f"{base} has the architectures {architectures!r:.100}; {who} allows {', '.join(allowed.architectures)}"
        )
    if not is_adapter and not allowed.min_parameters <= parameters <= allowed.max_parameters:
        raise SetupError(
            f"{base} has {parameters:,} parameters; {who} allows "
            f"{allowed.min_parameters:,} to {allowed.max_parameters:,}"
        )
    pinned = {one.digest: one.repository for one in allowed.bases if one.digest}
    if is_adapter and pinned and folder_digest(base) not in pinned:
        raise SetupError(f"{base} is none of the bases of {who}: {', '.join(pinned.values())}, at the pinned revision")
