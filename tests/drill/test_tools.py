"""Tool calls, shaped as each generation of Codex offers them."""

import json
from typing import Any

import pytest

from codexwrap.drill import tools


def function(name: str, **properties: str) -> dict[str, Any]:
    schema = {name: {"type": kind} for name, kind in properties.items()}
    return {"type": "function", "name": name, "parameters": {"type": "object", "properties": schema}}


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (function("shell", command="array", workdir="string"), {"command": ["bash", "-c", "ls"]}),
        (function("shell_command", command="string"), {"command": "ls"}),
        (function("exec_command", cmd="string", yield_time_ms="number"), {"cmd": "ls"}),
    ],
)
def test_a_shell_gets_its_command_in_the_form_of_its_schema(tool: dict[str, Any], arguments: dict[str, Any]) -> None:
    item = tools.shell(tools.offered({"tools": [function("view_image"), tool]}), "ls", call_id="c1")
    assert (item["type"], item["name"], item["call_id"]) == ("function_call", tool["name"], "c1")
    assert json.loads(item["arguments"]) == arguments


def test_a_script_tool_in_a_namespace_of_the_input_runs_the_command() -> None:
    namespace = {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec"}]}
    offered = tools.offered({"input": [{"type": "additional_tools", "tools": [namespace]}]})
    item = tools.shell(offered, 'echo "hi"', call_id="c1")
    assert (item["type"], item["name"], item["namespace"]) == ("custom_tool_call", "exec", "functions")
    assert r'tools.exec_command({"cmd": "echo \"hi\""})' in item["input"]
    assert "tools.apply_patch(" in tools.patch(offered, "*** Begin Patch", call_id="c2")["input"]


def test_a_patch_goes_to_the_tool_for_it_where_there_is_one() -> None:
    free = {"type": "custom", "name": "apply_patch"}
    item = tools.patch([function("exec_command", cmd="string"), free], "*** Begin Patch", call_id="c1")
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "apply_patch", "*** Begin Patch")
    item = tools.patch([function("apply_patch", input="string")], "*** Begin Patch", call_id="c1")
    assert json.loads(item["arguments"]) == {"input": "*** Begin Patch"}


def test_a_patch_goes_through_the_shell_where_there_is_no_tool_for_it() -> None:
    item = tools.patch([function("exec_command", cmd="string")], "*** Begin Patch\n*** End Patch", call_id="c1")
    assert json.loads(item["arguments"])["cmd"].startswith("apply_patch <<'EOF'\n*** Begin Patch\n")


def test_a_request_without_a_shell_is_an_error_that_names_what_it_offers() -> None:
    with pytest.raises(tools.NoSuchToolError, match="view_image"):
        tools.shell([function("view_image")], "ls", call_id="c1")


@pytest.mark.parametrize("body", [None, "text", {}, {"tools": None, "input": "text"}, {"tools": ["x"], "input": [3]}])
def test_a_body_that_offers_nothing_offers_nothing(body: object) -> None:
    assert tools.offered(body) == []
