"""Write MP4: H.264 by ffmpeg, which reads frames from a pipe."""

from __future__ import annotations

import errno
import subprocess
import tempfile
from typing import IO, TYPE_CHECKING

from heatlas.core.errors import HeatlasError, MissingExtra
from heatlas.core.regex import regex

if TYPE_CHECKING:
    from pathlib import Path

    from heatlas.rendering.film.frames import Frames

__all__ = ["write"]

_SPEAKER = regex(r"^\[[^\]]*\] ")
"""Prefix of a message: the part of ffmpeg that wrote it."""


def write(path: Path, film: Frames) -> None:
    """Encode a film.

    Players guess BT.709 or BT.601 for an untagged film by its size, so the film is converted to BT.709 and tagged. All
    players can show 4:2:0 with even sides. The index comes first, so that the film plays while it loads.

    Raises
    ------
    MissingExtra
        When ffmpeg is not installed.
    HeatlasError
        When ffmpeg fails, with its last message.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        program = get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise MissingExtra("writing an .mp4", "film") from None
    command = [
        program, "-hide_banner", "-loglevel", "error", "-y",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{film.width}x{film.height}", "-r", f"{film.fps:g}",
        "-i", "pipe:0",
        "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "18",
        "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "iec61966-2-1", "-color_range", "tv",
        "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart",
        "-f", "mp4", f"file:{path}",
    ]  # fmt: skip
    with tempfile.TemporaryFile() as said:
        # In a session of its own it gets no Ctrl-C: it is killed here, after the frames have stopped.
        process = subprocess.Popen(  # noqa: S603 - no shell, and all but the name is from here
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
            restore_signals=False,  # a file size limit is then an error with a reason, not death by a signal
        )  # fmt: skip
        try:
            assert process.stdin is not None
            fed = _feed(process.stdin, film)
            status = process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            _close(process.stdin)
        if status or not fed:
            said.seek(0)
            words = said.read().decode(errors="replace").strip().splitlines() or [f"exit status {status}"]
            raise HeatlasError(f"ffmpeg could not write {path.name}: {_SPEAKER.sub('', words[-1])}")


def _feed(pipe: IO[bytes], film: Frames) -> bool:
    """Write all frames; return whether ffmpeg read all of them."""
    try:
        for frame in film.frames:
            pipe.write(frame.data.cast("B"))
    except OSError as error:
        if not _is_broken(error):
            raise
        return False
    return _close(pipe)


def _close(pipe: IO[bytes] | None) -> bool:
    """Close a pipe; return whether the reader was still there for buffered data."""
    try:
        if pipe is not None:
            pipe.close()
    except OSError as error:
        if not _is_broken(error):
            raise
        return False
    return True


def _is_broken(error: OSError) -> bool:
    """Whether the reader of a pipe is gone; Windows reports an invalid argument."""
    return isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL
