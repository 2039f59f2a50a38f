"""What Codex has written on screens when its provider session died: bait for decoys."""

# Verbatim, from several versions.
DEATHS = """\
■ You've hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro), visit \
https://chatgpt.com/codex/settings/usage to purchase more credits or try again at 3:04 PM.
■ You’ve hit your usage limit. To get more access now, send a request to your admin or try again at 9:15 AM.
■ Your access token could not be refreshed because your refresh token was revoked. Please log out and sign in again.
■ unexpected status 401 Unauthorized: Encountered invalidated oauth token for user, failing request, \
url: https://chatgpt.com/backend-api/codex/responses, auth error code: token_revoked
■ Your workspace is out of credits. Ask your workspace owner to refill in order to continue.
■ You hit your spend cap set by the owner of your workspace. Ask an owner to increase your spend cap to continue.
■ exceeded retry limit, last status: 429 Too Many Requests
■ Quota exceeded. Check your plan and billing details.
■ stream disconnected before completion: error sending request
You've reached your workspace credit limit
Reconnecting... waiting for network (36s • esc to interrupt)
"""

LIMIT = "■ You've hit your usage limit. Upgrade to Pro (https://chatgpt.com/explore/pro) or try again at 3:04 PM."
REVOKED = (
    "■ Your access token could not be refreshed because your refresh token was revoked."
    " Please log out and sign in again."
)

PROSE = f"""\
A dead Codex seat prints one of these, verbatim:

{DEATHS.replace(chr(10), chr(10) * 2)}
And the same as a code block:

```text
{DEATHS}```

| cause | words |
|---|---|
| limit | {LIMIT} |
| auth | {REVOKED} |

> {REVOKED}

- {LIMIT}
- token_revoked, 401 Unauthorized

None of that is happening to this session: it only talks about it."""

RUST = """\
const USAGE: &str = "You've hit your usage limit. Try again later.";
const CREDITS: &str = "You've reached your workspace credit limit";
// 401 Unauthorized: token_revoked => sign in again
fn banner(text: &str) -> String { format!("■ {text}") }
"""

NOTE = """\
Provider session death is silent and undetected.
1. Codex CLI: returned 401 Unauthorized with token_revoked errors. The session became a zombie: process alive, terminal
had content, but every command failed.
2. Codex Desktop: displayed "You've reached your workspace credit limit." The seat died mid-work.
| Token revocation | 401 Unauthorized, token_revoked | No, requires new auth |
| Usage rate limit | "usage limit", "rate limit" | Sometimes |
"""

PATCH = "\n".join(
    [
        "*** Begin Patch",
        "*** Add File: docs/errors.md",
        *("+" + line for line in DEATHS.splitlines()),
        "*** Update File: old.md",
        "@@",
        "-■ You've hit your usage limit. Try again later.",
        "-■ unexpected status 401 Unauthorized: token_revoked",
        "+clean line",
        "*** End Patch",
    ]
)

OLD = "■ You've hit your usage limit. Try again later.\n■ unexpected status 401 Unauthorized: token_revoked\n"

FILES = {"deaths.txt": DEATHS, "err.rs": RUST, "note.md": NOTE, "old.md": OLD, "src/parse.py": "def parse(): ...\n"}
