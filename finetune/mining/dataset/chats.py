"""Conversations of training data: messages of OpenAI's or ShareGPT's naming into turns of three roles.

Tool calls become text by one rule: what is not plain speech stands between tags, as JSON where it is a value.

    tools of the conversation    in the system message, after its text    <tools> one JSON a line </tools>
    a call of the assistant      in its message, after its text           <tool_call> name and arguments </tool_call>
    a result                     a message of the user; results that      <tool_response> its text </tool_response>
                                 follow each other are one message

These are the tags of the Hermes and Qwen chat templates. A text that brings its tag already is left as it is.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.hub.strict_json import parse_object
from finetune.mining.dataset.faults import BadLine, shown
from finetune.mining.dataset.texts import text_of
from finetune.streams.parquet_rows import BadRow
from finetune.streams.sample import Message
from finetune.streams.turns import ROLES, Role, conversation

# Each answer may become a sample with all messages before it, so their number counts squared.
MOST_MESSAGES = 1_000

_RESULT, _CALL = "tool_response", "tool_call"
# The role of each name, and the tag of what is said under it.
_NAMES: Mapping[str, tuple[Role, str]] = {
    **{name: (role, "") for name, role in ROLES.items()},
    "developer": ("system", ""),
    "tool": ("user", _RESULT),
    "function": ("user", _RESULT),
    "observation": ("user", _RESULT),
    "function_call": ("assistant", _CALL),
}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message. `learned`: whether it may be a reference. `is_result`: whether it is what a tool gave."""

    role: Role
    content: str
    learned: bool = True
    is_result: bool = False


def read_turns(value: Any, where: str) -> list[Turn]:
    """The turns of a list of messages, each {role, content} or {from, value}. Raises `BadLine`."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_MESSAGES:
        found = f"{len(value):,} of them" if isinstance(value, list) else shown(value)
        raise BadLine("a conversation has the wrong form", f"{where} must be 1 to {MOST_MESSAGES:,} messages; {found}")
    turns: list[Turn] = []
    for number, message in enumerate(value, start=1):
        turn = _turn(message, f"{where}, message {number}")
        if turn.is_result and turns and turns[-1].is_result:
            before = turns.pop()
            turn = Turn(role="user", content=f"{before.content}\n{turn.content}", is_result=True)
        turns.append(turn)
    return turns


def with_system(turns: Sequence[Turn], row: Mapping[str, Any]) -> list[Turn]:
    """The turns with what the row says beside them: `system`, a text, and `tools`, a list or its text."""
    spoken = list(turns)
    if row.get("system"):
        spoken.insert(0, Turn(role="system", content=text_of(row["system"], "system")))
    tools = _listed(row.get("tools"))
    if not tools:
        return spoken
    if not isinstance(tools, str | list):
        raise BadLine("a value has the wrong type", f"tools is {shown(tools)}; it must be a list, or one as a text")
    listed = tools if isinstance(tools, str) else "\n".join(_json(tool) for tool in tools)
    text = text_of(_tagged("tools", listed), "tools")
    if spoken and spoken[0].role == "system":
        text = f"{spoken.pop(0).content}\n\n{text}"
    return [Turn(role="system", content=text), *spoken]


def _listed(tools: Any) -> Any:
    """The list in a text that is JSON of one; all else as it is."""
    if not isinstance(tools, str):
        return tools
    try:
        found = parse_object(f'{{"tools": {tools}}}'.encode())
    except ValueError:
        return tools
    return found["tools"] if len(found) == 1 and isinstance(found["tools"], list) else tools


def in_order(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """The messages up to the last one of the assistant, under the order that scoring demands. Raises `BadLine`."""
    try:
        return conversation([(turn.role, turn.content) for turn in turns])
    except BadRow as reason:
        found = " ".join(turn.role for turn in turns[:8]) + (" ..." if len(turns) > 8 else "")
        rule = "at most one system message, then user and assistant in turns, the user first and an answer last"
        raise BadLine(str(reason), f"{found}; allowed: {rule}") from None


def _turn(message: Any, where: str) -> Turn:
    if not isinstance(message, dict):
        raise BadLine("a value has the wrong type", f"{where} is {shown(message)}; it must be an object")
    name = _either(message, "role", "from")
    if not isinstance(name, str) or name not in _NAMES:
        raise BadLine("a role is unknown", f"{where} has {shown(name)}; allowed: {', '.join(_NAMES)}")
    role, tag = _NAMES[name]
    content = _content(_either(message, "content", "value"), where)
    if tag:
        content = _tagged(tag, content)
    calls = _calls(message, where)
    if calls and role != "assistant":
        raise BadLine("a tool call is malformed", f"{where} is of {name!r}; only the assistant calls tools")
    text = text_of("\n".join(part for part in (content, *calls) if part), where)
    weight = 1 if message.get("weight") is None else message["weight"]
    if weight not in (0, 1):
        raise BadLine("a weight is unknown", f"{where} has {shown(weight)}; allowed: 0, not to be learned, and 1")
    return Turn(role=role, content=text, learned=bool(weight), is_result=tag == _RESULT)


def _either(message: Mapping[str, Any], key: str, other: str) -> Any:
    return message.get(other) if message.get(key) is None else message[key]


def _content(value: Any, where: str) -> str:
    """The text of a message: one text, or the text parts of a list; a message of calls alone has none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise BadLine("a value has the wrong type", f"{where} has the content {shown(value)}; it must be a text")
    for part in value:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise BadLine(
                "a message is not text", f'{where} has the part {shown(part)}; allowed: {{"type": "text", ...}}'
            )
    return "".join(part["text"] for part in value)


def _calls(message: Mapping[str, Any], where: str) -> list[str]:
    """The calls of tools in a message, as texts; `function_call` is the older way to write one."""
    calls = message.get("tool_calls") or ([message["function_call"]] if message.get("function_call") else [])
    if not isinstance(calls, list):
        raise BadLine("a tool call is malformed", f"{where}: tool_calls is {shown(calls)}; it must be a list")
    return [_call(call, where) for call in calls]


def _call(call: Any, where: str) -> str:
    inner = call.get("function", call) if isinstance(call, dict) else None
    name = inner.get("name") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or not isinstance(name, str) or not name:
        found = f"{where} has {shown(call)}"
        raise BadLine(
            "a tool call is malformed", f'{found}; allowed: {{"function": {{"name": ..., "arguments": ...}}}}'
        )
    arguments = inner.get("arguments")
    given = {} if arguments is None else arguments
    if isinstance(given, str):
        try:
            given = parse_object(given.encode() or b"{}")
        except ValueError:
            given = None
    if not isinstance(given, dict):
        found = f"{where} calls {shown(name)} with {shown(arguments)}"
        raise BadLine("a tool call is malformed", f"{found}; arguments must be a JSON object, or one as a text")
    return _tagged(_CALL, _json({"name": name, "arguments": given}))


def _tagged(tag: str, text: str) -> str:
    text = text.strip()
    return text if text.startswith(f"<{tag}>") else f"<{tag}>\n{text}\n</{tag}>"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
