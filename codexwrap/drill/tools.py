"""Call tools that requests offer."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Item = dict[str, Any]
Tool = Mapping[str, Any]

# The shells that Codex has offered so far, the newest first. How one wants its command is read from its own schema.
_SHELLS = ("exec_command", "shell_command", "shell", "container.exec")
_SCRIPT = "exec"  # newer models run JavaScript in which the other tools are functions


class NoSuchToolError(LookupError):
    """The request offers no tool that can do this; the message lists what it offers."""


def offered(body: Any) -> list[Tool]:
    """The tools that a request offers: its own list, those in its input items, and those in namespaces."""
    return list(_offered(body)) if isinstance(body, Mapping) else []


def shell(tools: Sequence[Tool], command: str, *, call_id: str) -> Item:
    """An output item that runs `command` in bash, shaped as the offered tool wants it. Raises NoSuchToolError."""
    named = {str(tool.get("name") or tool.get("type")): tool for tool in tools}
    for name in _SHELLS:
        if name in named:
            return call(name, _shell_arguments(named[name], command), call_id=call_id)
    if script := _script(tools):
        source = f"const result = await tools.exec_command({json.dumps({'cmd': command})});\ntext(result.output);\n"
        return _custom(script, source, call_id)
    if "local_shell" in named:
        action = {"type": "exec", "command": ["bash", "-c", command], "env": {}}
        return {"type": "local_shell_call", "call_id": call_id, "status": "completed", "action": action}
    raise NoSuchToolError(f"no shell among the offered tools: {', '.join(named) or 'none'}")


def patch(tools: Sequence[Tool], text: str, *, call_id: str) -> Item:
    """An output item that applies a patch: by the tool for it, else through the shell, where Codex intercepts it."""
    for tool in tools:
        if tool.get("name") == "apply_patch":
            if tool.get("type") == "custom":
                return _custom(tool, text, call_id)
            return call("apply_patch", {"input": text}, call_id=call_id)
    if script := _script(tools):
        return _custom(script, f"text(await tools.apply_patch({json.dumps(text)}));\n", call_id)
    return shell(tools, f"apply_patch <<'EOF'\n{text}\nEOF\n", call_id=call_id)


def call(name: str, arguments: Mapping[str, Any], *, call_id: str) -> Item:
    """An output item that calls a function tool."""
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": json.dumps(arguments)}


def _offered(body: Mapping[str, Any]) -> Iterator[Tool]:
    for source in (body, *_mappings(body.get("input"))):
        for tool in _mappings(source.get("tools")):
            if tool.get("type") == "namespace":
                yield from ({**inner, "namespace": tool.get("name")} for inner in _mappings(tool.get("tools")))
            else:
                yield tool


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()


def _script(tools: Sequence[Tool]) -> Tool | None:
    found = (tool for tool in tools if tool.get("type") == "custom" and tool.get("name") == _SCRIPT)
    return next(found, None)


def _custom(tool: Tool, text: str, call_id: str) -> Item:
    item = {"type": "custom_tool_call", "call_id": call_id, "name": tool["name"], "input": text}
    return {**item, "namespace": tool["namespace"]} if tool.get("namespace") else item


def _shell_arguments(tool: Tool, command: str) -> Mapping[str, Any]:
    properties = (tool.get("parameters") or {}).get("properties") or {}
    if "cmd" in properties:
        return {"cmd": command}
    if (properties.get("command") or {}).get("type") == "string":
        return {"command": command}
    return {"command": ["bash", "-c", command]}
