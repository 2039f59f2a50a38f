"""Give Codex a home apart."""

import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from codexwrap import atomic
from codexwrap.drill.tokens import Login

API_KEY = "sk-drill-not-a-key"
_NOWHERE = "http://127.0.0.1:9"  # a proxy that nobody runs: what is not for loopback ends here

# What a program needs of its user's environment to run at all. Nothing that names a home, a key or a proxy.
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SHELL", "USER", "LOGNAME", "SSL_CERT_FILE", "SSL_CERT_DIR")

Auth = Literal["chatgpt", "apikey", "none"]


class Retries(NamedTuple):
    """How often Codex tries again; its own defaults are 4, 5 and 300000."""

    request: int = 1
    stream: int = 2
    idle_timeout_ms: int = 300_000


def prepare(
    home: Path,
    *,
    provider: str,
    cwd: Path,
    auth: Auth = "chatgpt",
    login: Login | None = None,
    retries: Retries | None = None,
    model: str | None = None,
    features: Mapping[str, bool] | None = None,
) -> None:
    """Make `home` a CODEX_HOME in which Codex talks to the provider at the URL `provider` and to nobody else.

    `cwd` is the directory that it trusts; `login` is who is signed in, where `auth` says that somebody is. Without
    `model` Codex takes its own default. One config serves all versions: each leaves out the keys that it does not know.
    Raises OSError.
    """
    atomic.private_dir(home)
    config = _config(provider, cwd, retries or Retries(), model, features or {})
    atomic.write(home / "config.toml", config.encode(), durable=False)
    replace_auth(home, login or Login(), auth=auth)


def replace_auth(home: Path, login: Login, *, auth: Auth = "chatgpt") -> None:
    """Put other credentials into `home`, as `codex login` does; a Codex that runs there rereads them."""
    path = home / "auth.json"
    if auth == "none":
        path.unlink(missing_ok=True)
        return
    content: dict[str, object] = {"auth_mode": auth, "OPENAI_API_KEY": API_KEY if auth == "apikey" else None}
    if auth == "chatgpt":
        content["tokens"] = {**login.tokens(), "account_id": login.account}
        content["last_refresh"] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    atomic.write(path, json.dumps(content).encode(), durable=False)


def environment(
    home: Path, *, provider: str, temporary: Path, caller: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The environment of a Codex in `home`: little of the caller's own, no way out of loopback, `extra` last.

    `temporary` becomes its TMPDIR; it must not be an ancestor of `home`, or Codex warns of it.
    """
    return {
        **{name: caller[name] for name in _INHERITED if name in caller},
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{provider}/oauth/token",
        "CODEX_REVOKE_TOKEN_URL_OVERRIDE": f"{provider}/oauth/revoke",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TMPDIR": str(temporary),
        "TZ": caller.get("TZ", ""),
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), _NOWHERE),
        **(extra or {}),
    }


def isolating_arguments(codex: Path, env: Mapping[str, str]) -> list[str]:
    """What this version of Codex must be told so that it starts no server that outlives it. Raises OSError."""
    help_page = subprocess.run([codex, "--help"], env=dict(env), capture_output=True, text=True, timeout=30)
    return ["--no-daemon"] if "--no-daemon" in help_page.stdout else []


def _config(provider: str, cwd: Path, retries: Retries, model: str | None, features: Mapping[str, bool]) -> str:
    switches = {"apps": False, "plugins": False, "enable_request_compression": False, **features}
    return "\n".join(
        [
            *([f"model = {_toml(model)}"] if model else []),
            'model_provider = "drill"',
            'approval_policy = "never"',
            'sandbox_mode = "danger-full-access"',
            f"chatgpt_base_url = {_toml(provider + '/backend-api')}",
            "check_for_update_on_startup = false",
            'cli_auth_credentials_store = "file"',
            "[analytics]",
            "enabled = false",
            "[feedback]",
            "enabled = false",
            "[otel]",
            'exporter = "none"',
            "[features]",
            *(f"{name} = {_toml(value)}" for name, value in switches.items()),
            "[model_providers.drill]",
            'name = "OpenAI"',
            f"base_url = {_toml(provider + '/v1')}",
            'wire_api = "responses"',
            "requires_openai_auth = true",
            f"request_max_retries = {retries.request}",
            f"stream_max_retries = {retries.stream}",
            f"stream_idle_timeout_ms = {retries.idle_timeout_ms}",
            "supports_websockets = false",
            f"[projects.{_toml(str(cwd))}]",
            'trust_level = "trusted"',
            "[notice]",
            "hide_full_access_warning = true",
            "hide_rate_limit_model_nudge = true",
            "hide_gpt5_1_migration_prompt = true",
            '"hide_gpt-5.1-codex-max_migration_prompt" = true',
            "[notice.model_migrations]",
            '"gpt-5.3-codex" = "gpt-5.4"',
            "",
        ]
    )


def _toml(value: str | bool) -> str:
    return json.dumps(value, ensure_ascii=False)  # a basic string of TOML is written like one of JSON
