import json
import os
from pathlib import Path
from typing import Any

import pytest

from codexwrap import rollout
from codexwrap.agents.look import Running

IDS = ("01a204a5-b86d-7a91-9bad-008bcf7cf2d8", "02b204a5-b86d-7a91-9bad-008bcf7cf2d8")


def session(home: Path, number: int, *items: dict[str, Any], cwd: str = "/x") -> Path:
    path = home / f"sessions/2026/11/22/rollout-2026-11-22T10-00-0{number}-{IDS[number]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = {"id": IDS[number], "timestamp": f"2026-11-22T10:00:0{number}Z", "cwd": cwd, "cli_version": "0.169.0"}
    lines = [{"type": "session_meta", "payload": meta}, *({"type": "response_item", "payload": each} for each in items)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def said(text: str, role: str = "user") -> dict[str, Any]:
    return {"type": "message", "role": role, "content": [{"type": "input_text", "text": text}]}


def running(home: Path, prompt: str, *arguments: str) -> Running:
    return Running(home=home, pid=os.getpid(), arguments=arguments, cwd="/x", since=0.0, prompt=prompt)


def test_a_session_of_a_shared_server_is_the_one_whose_prompt_is_in_sight(tmp_path: Path) -> None:
    for number in (0, 1):
        session(tmp_path, number, said(f"remember {number}"))
    found = rollout.find(running(tmp_path, "remember1"))
    assert found is not None
    assert found.id == IDS[1]


@pytest.mark.parametrize("prompt", ["", "something else"])
def test_the_only_session_here_may_be_another_seats(tmp_path: Path, prompt: str) -> None:
    session(tmp_path, 0, said("remember"))
    assert rollout.find(running(tmp_path, prompt.replace(" ", ""))) is None


def test_a_prompt_that_is_only_half_drawn_yet_is_nobodys(tmp_path: Path) -> None:
    session(tmp_path, 0, said("remember the codeword of alpha"))
    assert rollout.find(running(tmp_path, "rememberthecodewordof")) is None


@pytest.mark.parametrize("text", ["fix it\n\nand then\nthe tests", "fix it", "fix\nit"])
def test_of_a_prompt_the_first_paragraph_is_in_sight(tmp_path: Path, text: str) -> None:
    session(tmp_path, 0, said(text))
    found = rollout.find(running(tmp_path, "fixit"))
    assert found is not None
    assert found.id == IDS[0]


def test_a_long_prompt_is_known_by_its_beginning(tmp_path: Path) -> None:
    session(tmp_path, 0, said("x" * 500))
    assert rollout.find(running(tmp_path, "x" * 300)) is not None


def test_two_sessions_with_one_prompt_are_nobodys(tmp_path: Path) -> None:
    for number in (0, 1):
        session(tmp_path, number, said("go on"))
    assert rollout.find(running(tmp_path, "goon")) is None


def test_a_session_that_is_named_on_the_command_line_is_that_one(tmp_path: Path) -> None:
    path = session(tmp_path, 0, said("remember"))
    found = rollout.find(running(tmp_path, "", "resume", IDS[0]))
    assert found == (IDS[0], path)


PATCH = "*** Begin Patch\n*** Update File: a b.py\n@@\n-x\n+y\n*** Add File: c.py\n+z\n*** End Patch"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"type": "custom_tool_call", "name": "apply_patch", "input": PATCH}, "edit: a b.py, c.py"),
        (
            {
                "type": "function_call",
                "name": "exec_command",
                "arguments": json.dumps({"cmd": f"apply_patch <<'EOF'\n{PATCH}\nEOF"}),
            },
            "edit: a b.py, c.py",
        ),
        ({"type": "function_call", "name": "shell", "arguments": '{"command": ["ls", "-l"]}'}, "shell: ls -l"),
        ({"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "make"}'}, "exec_command: make"),
        (
            {"type": "local_shell_call", "action": {"type": "exec", "command": ["make", "x"]}},
            "local_shell_call: make x",
        ),
    ],
)
def test_what_was_done_is_told_for_every_kind_of_tool(tmp_path: Path, call: dict[str, Any], expected: str) -> None:
    assert rollout.read(session(tmp_path, 0, said("fix it"), call)).actions == (expected,)


def test_what_was_done_before_the_last_prompt_is_not_told_but_the_plan_is(tmp_path: Path) -> None:
    steps = [{"step": "one", "status": "completed"}, {"step": "two", "status": "pending"}]
    plan = {"type": "function_call", "name": "update_plan", "arguments": json.dumps({"plan": steps})}
    old = {"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "old"}'}
    story = rollout.read(session(tmp_path, 0, said("fix it"), plan, old, said("Done.", "assistant"), said("and now")))
    assert (story.prompt, story.words, story.actions) == ("and now", "", ())
    assert story.plan == (("one", "completed"), ("two", "pending"))


def test_a_torn_file_tells_what_it_holds(tmp_path: Path) -> None:
    path = session(tmp_path, 0, said("fix it"))
    with path.open("a") as file:
        file.write('{"type": "response_item", "payload": {"type": "mess')
    assert rollout.read(path).prompt == "fix it"
    assert rollout.read(tmp_path / "gone").prompt == ""
