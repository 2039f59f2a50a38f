import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codexwrap.redact import redact
from codexwrap.redact.redact import printable

JWT = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow1\nq2w3e4\n-----END RSA PRIVATE KEY-----"

# A text, and what must not be left of it.
SECRETS = {
    "private-key": (f"a\n{KEY}\nb", "q2w3e4"),
    "private-key, torn": ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA", "b3BlbnNzaC1rZXktdjEA"),
    "private-key, pgp": ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdGBF", "lQdGBF"),
    "jwt": (f"id_token {JWT}.", JWT),
    "jwt, encrypted": ("eyJhbGciOiJSU0EifQ.OKOawDo13g.48V1_ALb.5eym8TW_c8Su.XFBoMYUZod", "XFBoMYUZod"),
    "anthropic-key": ("ANTHROPIC: sk-ant-api03-abc_DEF-123456", "sk-ant-api03-abc_DEF-123456"),
    "openai-key": ("key sk-proj-abc_DEF-12345678 used", "sk-proj-abc_DEF-12345678"),
    "openai-key, masked": ("Incorrect API key provided: sk-proj-****************wxyz.", "wxyz"),
    "github-token": ("https://ghp_0123456789abcdefABCD@github.com", "ghp_0123456789abcdefABCD"),
    "github-token, fine-grained": ("github_pat_11ABCDEFG0abcdefghij_klmno", "github_pat_11ABCDEFG0abcdefghij_klmno"),
    "gitlab-token": ("glpat-abcdefghij0123456789", "glpat-abcdefghij0123456789"),
    "slack-token": ("xoxb-1234567890-abcdefghij", "xoxb-1234567890-abcdefghij"),
    "slack-token, app": ("xapp-1-A012-345-abc", "xapp-1-A012-345-abc"),
    "webhook": ("https://hooks.slack.com/services/T000/B000/XXXXyyyy", "T000/B000/XXXXyyyy"),
    "webhook, discord": ("https://discord.com/api/webhooks/1234/abcd-EFGH", "1234/abcd-EFGH"),
    "aws-key": ("id AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    "aws-key, secret": ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    "google-key": ("AIzaSyA0123456789abcdefghijklmnopqrstu", "AIzaSyA0123456789abcdefghijklmnopqrstu"),
    "google-key, oauth": ("ya29.a0AfH6SMBx1234567890", "ya29.a0AfH6SMBx1234567890"),
    "google-key, client": ("GOCSPX-abcdefghijklmnop1234", "GOCSPX-abcdefghijklmnop1234"),
    "npm-token": ("npm_" + "a1B2" * 9, "a1B2a1B2"),
    "pypi-token": ("pypi-AgEIcHlwaS5vcmcCJDEyMzQ1Njc4", "pypi-AgEIcHlwaS5vcmcCJDEyMzQ1Njc4"),
    "stripe-key": ("sk_live_0123456789abcdefABCD", "sk_live_0123456789abcdefABCD"),
    "token": ("hf_" + "aB3" * 12, "aB3aB3"),
    "docker-token": ("dckr_pat_abcdefghijklmnop-123", "dckr_pat_abcdefghijklmnop-123"),
    "age-key": ("AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54", "QQPZRY9X8GF2TVDW0S3JN54"),
    "bearer": ("curl -H 'Authorization: Bearer abc.def~ghi+jkl/1='", "abc.def~ghi+jkl/1="),
    "authorization": ("Authorization: Basic dXNlcjpwYXNzd29yZDE=", "dXNlcjpwYXNzd29yZDE="),
    "cookie": ("Set-Cookie: session=abc123; Path=/", "abc123"),
    "url-password": ("postgres://admin:hunter2@db.example.com/app", "hunter2"),
    "url-password, no user": ("redis://:hunter2@cache:6379", "hunter2"),
    "value": ('"api_key": "abcdef123456789"', "abcdef123456789"),
    "value, yaml": ("client_secret: abcdef1234567", "abcdef1234567"),
    "value, private": ("private_key: abcdef1234567", "abcdef1234567"),
    "value, camel": ('{"accessToken":"abcdef1234567"}', "abcdef1234567"),
    "value, escaped": (r"{\"access_token\":\"abcdef1234567\"}", "abcdef1234567"),
    "value, arrow": ("'password' => 'hunter2'", "hunter2"),
    "value, walrus": ("password := hunter2", "hunter2"),
    "value, short password": ("password=hunter2", "hunter2"),
    "value, glued": ("PGPASSWORD=hunter2 psql", "hunter2"),
    "value, exported word": ("export DB_PASSWORD=swordfish", "swordfish"),
    "value, exported number": ("DB_PASS=12345678", "12345678"),
    "value, rails": ("SECRET_KEY_BASE=abcdefgh", "abcdefgh"),
    "value, option": ("deploy --api-key abcdef1234567 now", "abcdef1234567"),
    "value, option with =": ("deploy --auth-token=abcdef1234567", "abcdef1234567"),
}

ORDINARY = (
    "",
    "The quick brown fox; 12 files, +3 −4.",
    "/home/user/projects/app/src/token.py",
    "123e4567-e89b-12d3-a456-426614174000",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "token = next(tokens)",
    "token = self.next_token_v2()",
    "token = tokenizer.tokenize_v2",
    "token = parse_header2[0]",
    "api_key = os.environ1['API_KEY']",
    "API_KEY=settings.api_key2",
    'if token == "end": break',
    "const token: string | undefined = undefined;",
    "token_revoked",
    '"code": "token_revoked", "status": 401',
    "max_tokens: 4096",
    "token: abc123",
    "password: required-by-policy",
    "max_output_tokens=128000000000",
    "MAX_TOKENS=4096",
    "TOKENIZERS_PARALLELISM=false",
    "USE_TOKEN=true",
    "TOKEN=$(cat ~/.token)",
    "TOKEN_FILE=/run/secrets/token1",
    "token: /run/secrets/token-number-1",
    "password: $DB_PASSWORD1",
    "password: ${{ secrets.PASSWORD1 }}",
    "password = getpass.getpass('password: ')",
    "Token usage: total=12,345 input=6,789 (+ 1,234,567 cached) output=890",
    "secret santa 2024",
    "COMPASS=north",
    "bearer authentication is required",
    "The Bearer of this letter",
    "sk-network-config",
    "task-12345678 and disk-utilities-2",
    "eyJust a word",
    "eyJhbGciOiJub25lIn0",
    "https://example.com:8080/a@b",
    "https://user@example.com/path",
    "git@github.com:owner/repository.git",
    "std::chrono::seconds(10)",
    "http://[::1]:8080/",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIB1\n-----END PUBLIC KEY-----",
    "AKIA is a prefix; ASIA is a continent",
    "AIza",
    "npm_config_registry=https://registry.example.com",
    "hf_transformer_models",
    "xoxo-kisses-and-hugs",
    "ghp_ is how they start",
    "a cookie: chocolate, 12 pieces",
    "authorization: required",
    "--token-limit 4000000000000",
    "--password-stdin is safer2",
    "git log --author=me --since=2024-01-01",
    "primary_key: customer_id_0001",
    "passed=12 failed=0",
    "3 passed in 12.34s",
    "diff --git a/token.py b/token.py",
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
)


@pytest.mark.parametrize("kind", SECRETS)
def test_a_well_known_secret_is_replaced_by_its_kind(kind: str) -> None:
    text, secret = SECRETS[kind]
    clean = redact.redact(text)
    assert secret not in clean
    assert f"[redacted {kind.partition(',')[0]}]" in clean or "aws-key, secret" in kind


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert redact.redact(text) == text


def test_what_is_around_a_secret_stays_as_it_is() -> None:
    assert redact.redact(f"before\n{KEY}\nafter") == "before\n[redacted private-key]\nafter"
    assert redact.redact("-H 'Authorization: Bearer abcdef123456' -v") == (
        "-H 'Authorization: Bearer [redacted bearer]' -v"
    )
    assert redact.redact("A_TOKEN=abcdef B=c") == "A_TOKEN=[redacted value] B=c"
    assert redact.redact('{"password": "hunter2", "user": "me"}') == '{"password": "[redacted value]", "user": "me"}'
    assert redact.redact("x postgres://me:hunter2@db/y") == "x postgres://[redacted url-password]@db/y"
    two = f"{JWT} and sk-ant-abcdefgh12"
    assert redact.redact(two) == "[redacted jwt] and [redacted anthropic-key]"


AROUND = st.text(st.characters() | st.sampled_from(" =:'\"\n-_[](){}@/.")).filter(lambda text: not text[-1:].isalnum())
NEAR = st.sampled_from(
    [text for text, _ in SECRETS.values()] + [*ORDINARY, "token=", "[redacted ", "[redacted value]", "sk-", "://"]
)


@given(
    st.lists(AROUND | NEAR, max_size=8).map("".join), st.lists(st.sampled_from(["redacted", "value]", "hunter2x", "e"]))
)
def test_redacting_twice_changes_nothing_more(text: str, known: list[str]) -> None:
    once = redact.redact(text, known)
    assert redact.redact(once, known) == once


def test_what_becomes_a_secret_of_its_own_when_another_is_gone_is_replaced_too() -> None:
    assert redact.redact("hello-wor1sk-abcdefgh12", ["hello-wor1"]) == "[redacted value][redacted openai-key]"


@given(st.sampled_from(list(SECRETS.values())), AROUND, AROUND)
def test_a_secret_is_found_in_the_middle_of_anything(pair: tuple[str, str], before: str, after: str) -> None:
    text, secret = pair
    assert secret not in redact.redact(f"{before} {text} {after}").replace(before, "").replace(after, "")


@given(st.lists(st.text(min_size=1), min_size=1), st.text())
def test_a_known_value_is_never_in_what_comes_out(known: list[str], around: str) -> None:
    text = around.join([*known, *known])
    parts = redact.redact(text, known).replace("[redacted value]", "\0").split("\0")
    assert not [value for value in known for part in parts if value in part and "\0" not in value]


HOSTILE = (
    *(
        "a",
        "1",
        "_",
        "-",
        "é",
        "\n",
        "eyJ",
        "eyJa-",
        "eyJaaaaaaaaa.",
        "sk-",
        "sk-ant-",
        "sk-aaaaaaaa-",
        "token=",
        "token:'",
    ),
    *(
        "TOKEN=",
        "password=",
        "Bearer ",
        "bearer:",
        "://",
        "://a:",
        "://a:bbb",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
    ),
    *(
        "--token ",
        "--a-",
        "A_",
        "AKIA",
        "AIza-",
        "xoxb-",
        "ghp_",
        "npm_",
        "cookie: ",
        "authorization: basic ",
        "api_key",
    ),
    *("[redacted ", "token=[redacted value]", "hooks.slack.com/", "token =   ", "passsecrettoken"),
)


@pytest.mark.timeout(20)  # what takes the square of its length takes hours of this
@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_takes_for_ever(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    for end in ("", "(", " ", "@"):
        redact.redact(text + end)
        if len(piece) > 1:
            break


def test_a_value_that_follows_a_run_of_names_takes_no_square_of_its_length() -> None:
    redact.redact("token=" * 50_000 + "(")
    redact.redact("token=" + "a" * 300_000)
    redact.redact("x" * 300_000, ["x" * 8])


# --- what is known to be secret -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *("OPENAI_API_KEY", "GITHUB_TOKEN", "DB_PASSWORD", "PGPASSWORD", "my_secret", "SMTP_PASS", "KEY_2", "apikey"),
        *("AWS_SECRET_ACCESS_KEY", "GOOGLE_CREDENTIALS", "SECRET_KEY_BASE", "SENTRY_DSN", "SSH_PRIVATE_KEY"),
    ],
)
def test_a_variable_whose_name_tells_is_known(name: str) -> None:
    assert redact.known_values({name: "correct-horse"}) == ("correct-horse",)


@pytest.mark.parametrize("name", ["PATH", "HOME", "MONKEY", "KEYBOARD", "KEYMAP", "LESSKEYIN", "BYPASS", "EDITOR"])
def test_any_other_is_not(name: str) -> None:
    assert redact.known_values({name: "correct-horse"}) == ()


def test_short_values_numbers_and_paths_are_not_secret(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    here = str(tmp_path / "key")
    assert redact.known_values({"A_KEY": "short12", "MAX_TOKENS": "100000000", "KEY": here}) == ()
    (Path(os.environ["HOME"]) / "key-file").touch()
    assert redact.known_values({"KEY": "~/key-file", "TOKEN": "/9j4AAQSkZJRg+"}) == ("/9j4AAQSkZJRg+",)


def test_of_two_values_the_longer_counts() -> None:
    known = redact.known_values({"A_TOKEN": "abcdefgh", "B_TOKEN": "abcdefgh-and-more"})
    assert redact.redact("x abcdefgh-and-more y abcdefgh", known) == "x [redacted value] y [redacted value]"


# --- commands -----------------------------------------------------------------------------------------------------


def test_of_a_command_also_the_value_of_an_option_is_replaced() -> None:
    argv = ["codex", "--api-key", "abcdef1234567", "-m", "gpt-5", "-c", "token=abcdef1234567", "go on", "known-value"]
    assert redact.arguments(argv, ["known-value"]) == [
        *("codex", "--api-key", "[redacted value]", "-m", "gpt-5", "-c", "token=[redacted value]", "go on"),
        "[redacted value]",
    ]
    assert redact.arguments(["--token", "--verbose1234567", "sk-ant-abcdefgh12"]) == [
        *("--token", "[redacted value]", "[redacted anthropic-key]")
    ]
    assert redact.arguments([]) == []


# --- what a terminal obeys ----------------------------------------------------------------------------------------

BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def test_no_character_that_a_terminal_obeys_survives() -> None:
    for number in range(0x110000):
        character = chr(number)
        survives = character in printable(f"a{character}b")
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(character) in BIDI:
            assert not survives, hex(number)
        if character.isprintable():
            assert survives or number in range(0xE0100, 0xE01F0), hex(number)


@pytest.mark.parametrize("mark", "\u200b\u200e\u200f\u061c\u202e\u2066\ufeff\u00ad")
def test_nothing_that_hides_or_reorders_survives(mark: str) -> None:
    assert printable(f"a{mark}b") == "ab"


@given(st.lists(st.characters() | st.sampled_from("\x1b\x9b\n\r\t\0\x07\udce9\u202e[]")).map("".join))
def test_what_is_printed_is_one_line_that_moves_nothing(text: str) -> None:
    clean = printable(text)
    assert len(clean.splitlines()) <= 1
    assert not [character for character in clean if unicodedata.category(character) in ("Cc", "Cs")]
    assert printable(clean) == clean


def test_white_space_becomes_a_blank_and_a_sequence_harmless() -> None:
    assert printable("a\r\nb\tc") == "a  b c"
    assert printable("\x1b[31mred\x1b]0;title\x07") == "[31mred]0;title"
    assert printable("\x9b2J") == "2J"


def test_what_is_to_be_kept_is_kept() -> None:
    assert printable("a\nb\tc\x1b", keep="\n") == "a\nb c"
