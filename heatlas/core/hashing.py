"""BLAKE2b without OpenSSL, which `hashlib` loads: that takes longer than all digests of a short command."""

from __future__ import annotations

try:
    from _blake2 import blake2b  # where `hashlib` has it from
except ImportError:  # another Python
    from hashlib import blake2b

__all__ = ["blake2b"]
