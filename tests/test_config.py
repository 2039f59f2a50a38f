import os
import subprocess
import sys
from pathlib import Path

import pytest

from codexwrap import config
from codexwrap.config import Config
from codexwrap.errors import UsageError
from tests.commandline import codexwrap, complaint, environment


def load(tmp_path: Path, text: str = "", **environ: str) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(text)
    return config.load({"CODEXWRAP_CONFIG": str(path), **environ})


def test_without_a_file_everything_has_its_default(tmp_path: Path) -> None:
    assert config.load({"XDG_CONFIG_HOME": str(tmp_path)}) == Config()
    assert config.load({}) == Config()
    assert config.load({"CODEXWRAP_CONFIG": ""}) == Config()


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    text = "seat = 'alpha'\nticket_pattern = '[0-9]+'\ngit_seconds = 3\nrecord = true\ndead_seats = '~/Desktop/dead'\n"
    expected = Config(seat="alpha", ticket_pattern="[0-9]+", git_seconds=3.0, record=True, dead_seats="~/Desktop/dead")
    assert load(tmp_path, text) == expected


def test_the_file_is_found_where_xdg_says(tmp_path: Path) -> None:
    (tmp_path / "codexwrap").mkdir()
    (tmp_path / "codexwrap/config.toml").write_text('seat = "alpha"')
    assert config.load({"XDG_CONFIG_HOME": str(tmp_path)}).seat == "alpha"
    assert config.load({"XDG_CONFIG_HOME": str(tmp_path), "CODEXWRAP_CONFIG": ""}).seat == "alpha"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        'seat = "alpha"\nticket = "A-1"\nrecord = true\ngit_seconds = 1',
        CODEXWRAP_SEAT="beta",
        CODEXWRAP_RECORD="no",
        CODEXWRAP_GIT_SECONDS="0.5",
        CODEXWRAP_TICKET="",
    )
    assert found == Config(seat="beta", ticket="", record=False, git_seconds=0.5)


def test_what_a_seat_has_of_its_own_goes_before_what_all_have(tmp_path: Path) -> None:
    text = 'isolate = "process"\nkeep_days = 7\n'
    text += '[seats.alpha]\nisolate = "home"\ncontinue = "go on"\n[seats."b c"]\nrecord = true'
    (tmp_path / "config.toml").write_text(text)
    environ = {"CODEXWRAP_CONFIG": str(tmp_path / "config.toml")}
    assert config.load(environ) == Config(isolate="process", keep_days=7.0)
    assert config.load(environ, "alpha") == Config(isolate="home", keep_days=7.0, continue_="go on")
    assert config.load(environ, "b c").record
    own = config.load({**environ, "CODEXWRAP_ISOLATE": "", "CODEXWRAP_CONTINUE": "next"}, "alpha")
    assert (own.isolate, own.continue_) == ("", "next")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('saet = "a"', "no setting is named 'saet'; did you mean 'seat'?"),
        ("git_second = 1", "did you mean 'git_seconds'?"),
        ('tickets = "a"', "did you mean 'ticket'?"),
        ("seats = 1", "seats holds tables: [seats.NAME]"),
        ("[seats]\nalpha = 1", "seats holds tables: [seats.NAME]"),
        ("[seats.alpha]\nsaet = 1", "seats.alpha: no setting is named 'saet'; did you mean 'seat'?"),
        ('resume = "yes"', "resume must be one of 'ask', 'auto', 'never', not 'yes'"),
        ('isolate = "all"', "isolate must be one of '', 'process', 'home', not 'all'"),
        ('continue = "a\\nb"', "continue must be one line, not "),
        ("continue_ = 'a'", "no setting is named 'continue_'; did you mean 'continue'?"),
        ("keep_bytes = 1.5", "keep_bytes must be a whole number, not 1.5"),
        ("keep_days = -1", "keep_days must not be less than 0, or without end, not -1"),
        ("keep_days = nan", "keep_days must not be less than 0, or without end, not nan"),
        ("zzz = 1", "no setting is named 'zzz'"),
        ('"a\\nb\\u001b[31m" = 1', r"no setting is named 'a\nb\x1b[31m'"),
        ("seat = 1", "seat must be text in quotes, not 1"),
        ('git_seconds = "2"', "git_seconds must be a number, not '2'"),
        ("git_seconds = true", "git_seconds must be a number, not True"),
        ("git_seconds = 0", "git_seconds must be more than 0 and at most 60, not 0"),
        ("git_seconds = -1.5", "git_seconds must be more than 0 and at most 60, not -1.5"),
        ("git_seconds = nan", "git_seconds must be more than 0 and at most 60, not nan"),
        ("git_seconds = inf", "git_seconds must be more than 0 and at most 60, not inf"),
        ("record = 1", "record must be true or false, not 1"),
        ('record = "yes"', "record must be true or false, not 'yes'"),
        ('ticket_pattern = "("', "ticket_pattern is no regular expression"),
        ('ticket_pattern = "a{99999999999}"', "ticket_pattern is no regular expression"),
        ('dead_seats = "reports"', "dead_seats must be a path that starts with / or ~, not 'reports'"),
        ('dead_seats = "/a\\u0000b"', "dead_seats must be a path that starts with / or ~"),
        ('dead_seats = "~nobody-of-that-name/x"', "dead_seats: ~nobody-of-that-name/x: there is no such home"),
        ("seat = ", "Invalid value (at "),
        ("seat = 'a'\nseat = 'b'", "Cannot overwrite a value"),
        ("seat = " + "[" * 100_000, "recursion"),
    ],
)
def test_what_is_no_setting_is_refused_by_the_name_of_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "config.toml"))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("RECORD", "maybe", "CODEXWRAP_RECORD: must be true or false, not 'maybe'"),
        ("GIT_SECONDS", "soon", "CODEXWRAP_GIT_SECONDS: must be a number, not 'soon'"),
        ("GIT_SECONDS", "nan", "CODEXWRAP_GIT_SECONDS: git_seconds must be more than 0"),
        ("TICKET_PATTERN", "[", "CODEXWRAP_TICKET_PATTERN: ticket_pattern is no regular expression"),
        ("DEAD_SEATS", "x", "CODEXWRAP_DEAD_SEATS: dead_seats must be a path"),
    ],
)
def test_what_the_environment_sets_is_held_to_the_same(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, **{f"CODEXWRAP_{name}": value})
    assert said in str(caught.value)


@pytest.mark.parametrize("word", ["1", "true", "YES", "On"])
def test_a_switch_of_the_environment_may_be_on_in_several_words(tmp_path: Path, word: str) -> None:
    assert load(tmp_path, CODEXWRAP_RECORD=word).record


@pytest.mark.parametrize("word", ["0", "false", "NO", "off", ""])
def test_a_switch_of_the_environment_may_be_off_in_several_words(tmp_path: Path, word: str) -> None:
    assert not load(tmp_path, "record = true", CODEXWRAP_RECORD=word).record


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", Path("/dev/null/none.toml")):
        with pytest.raises(UsageError, match=r"none.toml: no such file \(named by CODEXWRAP_CONFIG\)"):
            config.load({"CODEXWRAP_CONFIG": str(path)})
    with pytest.raises(UsageError, match="CODEXWRAP_CONFIG: ~nobody-of-that-name/c: there is no such home"):
        config.load({"CODEXWRAP_CONFIG": "~nobody-of-that-name/c"})


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"seat = 'caf\xe9'\n")
    with pytest.raises(UsageError, match=r"latin.toml: not UTF-8"):
        config.load({"CODEXWRAP_CONFIG": str(tmp_path / "latin.toml")})


def test_without_a_home_there_is_no_file(tmp_path: Path) -> None:
    # A home is looked up by $HOME, then by the user's number: here there is neither.
    code = "import os\nfrom codexwrap import config\nos.setuid(54321)\nprint(config.load(os.environ))"
    if os.getuid() != 0:
        pytest.skip("becoming a user without a home needs root")
    environ = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True)
    assert (done.stderr, done.stdout) == ("", f"{Config()}\n")


# --- the same from the real command line ----------------------------------------------------------------------------


def wrong(tmp_path: Path, path: Path) -> str:
    env = environment(tmp_path, CODEXWRAP_CONFIG=str(path))
    said = complaint(codexwrap("sh", "-c", "echo ran", env=env), 2)
    assert not (tmp_path / "state").exists()
    return said


def test_a_broken_file_is_one_line_and_the_program_does_not_start(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    for content in (b'saet = "a"', b"seat =", b"\xff", b'"a\\nb" = 1', b"x = " + b"[" * 100_000, b"record = 1"):
        path.write_bytes(content)
        assert wrong(tmp_path, path).startswith(f"{path}: ")


def test_a_directory_in_place_of_the_file_is_one_line(tmp_path: Path) -> None:
    assert wrong(tmp_path, tmp_path) == f"{tmp_path}: Is a directory"


def test_a_missing_file_with_a_line_break_in_its_name_is_one_line(tmp_path: Path) -> None:
    assert "no such file" in wrong(tmp_path, tmp_path / "a\nb")


def test_a_file_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch(mode=0)
    env = environment(tmp_path, CODEXWRAP_CONFIG=str(path))
    assert complaint(codexwrap("true", env=env, ordinary=True), 2) == f"{path}: Permission denied"
