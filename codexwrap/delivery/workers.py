"""List all that follows the feed."""

from collections.abc import Mapping, Sequence

from codexwrap.delivery import sinks
from codexwrap.delivery.deliverer import Worker
from codexwrap.paths import State


def make(root: State, environ: Mapping[str, str]) -> Sequence[Worker]:
    """One for each sink that the config names. Raises UsageError."""
    return [sink.follow(root, environ) for sink in sinks.configured(environ)]


def names(environ: Mapping[str, str]) -> dict[str, str]:
    """Of each, what people call it, and the name under which it keeps its place. Raises UsageError."""
    return {f"sink {sink.name}": sink.name for sink in sinks.configured(environ)}
