"""Documents with nothing in common, and a model that writes fit rows about them."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from finetune.generating.sections import Section
from finetune.streams.draws import Draws
from finetune.streams.names import people, place

Body = dict[str, Any]


def passage(number: int) -> str:
    """Three sentences about people of whom no other passage tells."""
    draws = Draws(hashlib.sha256(f"passage {number}".encode()).digest())
    one, two, three, four = people(draws, 4)
    return (
        f"{one} of {place(draws)} keeps {10 + draws.below(900)} geese, and {two} counts them every evening. "
        f"The gate towards {place(draws)} was painted by {three} in the year {1200 + draws.below(700)}. "
        f"When it rains, {four} carries the lanterns across the bridge to {place(draws)} and waits there for morning."
    )


def section(number: int = 0) -> Section:
    return Section(document="geese.md", titles=("Geese", f"Part {number}"), text=passage(number))


def write_documents(folder: Path, count: int = 6) -> Path:
    """A folder with one document of `count` sections."""
    folder.mkdir()
    parts = [f"## Part {number}\n\n{passage(number)}\n" for number in range(count)]
    (folder / "geese.md").write_text("# Geese\n\n" + "\n".join(parts))
    return folder


def question(text: str) -> Body:
    """A fit question about the passage."""
    evidence = text.split(". ")[0]
    names = re.findall(r"[A-Z][a-z]{3,}", text)
    return {
        "question": f"Who counts the geese that {names[0]} keeps in {names[1]}, among {names[3]} and {names[4]}?",
        "options": [f"the one called {names[2]}", "nobody at all", "the whole village", "a painted lantern"],
        "right": 0,
        "evidence": evidence,
    }


def conversation(text: str) -> Body:
    """A fit conversation about the passage."""
    names = re.findall(r"[A-Z][a-z]{3,}", text)
    return {
        "messages": [
            {"role": "user", "content": f"What does {names[0]} keep in {names[1]}?"},
            {"role": "assistant", "content": f"In {names[1]}, {names[0]} keeps geese, and {names[2]} counts them."},
        ],
        "evidence": text.split(". ")[0],
    }


def passage_in(body: Body) -> str:
    """The passage that a request is about."""
    return str(body["messages"][1]["content"].split("<<<\n")[1].split("\n>>>")[0])


def good(body: Body) -> str:
    """What a good model replies to a request."""
    write = question if "multiple-choice" in body["messages"][0]["content"] else conversation
    return json.dumps(write(passage_in(body)))


def completion(content: str, *, tokens: tuple[int, int] = (100, 50)) -> Body:
    """An answer of status 200 with this reply."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return {"choices": [{"message": {"role": "assistant", "content": content}}], "usage": usage}
