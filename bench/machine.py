"""The machine and the versions that a figure belongs to."""

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def describe(chromium: str | None = None) -> dict[str, Any]:
    """CPU, cores, load, versions and date, as plain values.

    Args:
        chromium: Path of the browser that takes part, if any.
    """
    found: dict[str, Any] = {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "torch": version("torch"),
        "streamlit": version("streamlit"),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }
    return {**found, "chromium": _said_by(chromium, "--version")} if chromium else found


def sentence(about: dict[str, Any]) -> str:
    """The same on two lines."""
    versions = " · ".join(f"{name} {about[name]}" for name in ("python", "torch", "streamlit"))
    browser = f" · {about['chromium']}" if "chromium" in about else ""
    load = f"load {about['load']} at the start"
    return (
        f"{about['cpu']} · {about['cores']} cores · {load} · {about['date']}\n{about['system']} · {versions}{browser}"
    )


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.partition(":")[2].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        return names[0] if names else platform.machine()
    return _said_by("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def _said_by(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""
