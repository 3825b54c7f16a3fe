"""What holds for every test: no network but loopback, no key or dataset of the user's, a folder of its own."""

from __future__ import annotations

import ipaddress
import os
import socket
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code. The same code gets the same examples;
# others are looked for with SEEDBED_SEARCH=1 python -m pytest tests/properties
settings.register_profile(
    "any machine",
    settings.default,
    deadline=None,
    derandomize=not os.environ.get("SEEDBED_SEARCH"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

EXTRAS = {
    "local": "xllamacpp",
    "embed": "onnxruntime",
    "documents": "markitdown",
    "parquet": "pyarrow",
    "lancedb": "lancedb",
    "mcp": "mcp",
    "tui": "textual",
}
"""Extra → a module that it brings."""

PERSONAL = ("_API_KEY", "_BASE_URL", "_API_BASE")
NAMED = ("SEEDBED_DB", "OLLAMA_HOST", "OLLAMA_TIMEOUT", "HF_TOKEN", "HF_ENDPOINT")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def pytest_collection_modifyitems(items):
    """Skip tests marked ``extra(name)`` where the extra is not installed."""
    missing = {name for name, module in EXTRAS.items() if find_spec(module) is None}
    for item in items:
        for name in {mark.args[0] for mark in item.iter_markers("extra")} & missing:
            item.add_marker(pytest.mark.skip(reason=f"the extra {name!r} is not installed"))


def is_here(address):
    """Whether a socket address is on this machine."""
    if not isinstance(address, tuple):
        return True  # a path: a socket of the file system
    host = str(address[0]).partition("%")[0]
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True)
def no_network(request, monkeypatch):
    """Connections leave this machine only in tests marked ``local_model``, which fetch weights."""
    if request.node.get_closest_marker("local_model"):
        return
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def guarded(self, address, real=real):
            if not is_here(address):
                pytest.fail(f"a test tried to reach {address!r}", pytrace=True)
            return real(self, address)

        monkeypatch.setattr(socket.socket, name, guarded)


@pytest.fixture(autouse=True)
def own_surroundings(request, monkeypatch, tmp_path):
    """A folder of the test's own, and no variable that names the user's keys, servers, proxies or dataset."""
    for variable in list(os.environ):
        if variable in NAMED or variable.endswith(PERSONAL) or variable.lower() in PROXIES:
            monkeypatch.delenv(variable)
    if not request.node.get_closest_marker("local_model"):
        monkeypatch.setenv("SEEDBED_CACHE", str(tmp_path / "cache-of-the-test"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
