"""Whether a command goes on, and follows its sources."""

from __future__ import annotations

from heatlas.core.frozen import frozen
from heatlas.options.option import option, several, switch

__all__ = ["FollowOptions", "ServedFolderOptions"]


@frozen(kw_only=True)
class FollowOptions:
    """Whether an import goes on, and when it looks at its sources again."""

    watch: bool = switch("Go on, and take what is new or changed in folders and files when it is whole.", kinds=())
    every: str | None = option(
        "TIME", "Go on, and read all sources again so often, e.g. 10min; also databases.", kinds=(), takes="float"
    )


@frozen(kw_only=True)
class ServedFolderOptions:
    """What a server takes into its library while it runs."""

    watch: tuple[str, ...] = several(
        "DIR", "Take what is new or changed in this folder into LIB as soon as it is whole; may be repeated.",
        kinds=(),
    )  # fmt: skip
    every: str | None = option(
        "TIME", "Read the SOURCEs again so often, e.g. 10min; also databases.", kinds=(), takes="float"
    )
