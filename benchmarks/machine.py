"""What a timing was measured on, as one line that can stand under a table."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def describe(packages: tuple[str, ...]) -> str:
    """Date, processor, cores, memory, versions, and how busy the machine was a minute ago."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC).date()}, {os.cpu_count()} cores of {_processor()}, {memory:.0f} GiB, "
        f"{platform.system()}, Python {platform.python_version()}, {versions}; load {load()}"
    )


def load() -> str:
    """The load average of the last minute: what else is running shows here."""
    return f"{os.getloadavg()[0]:.1f}"


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
