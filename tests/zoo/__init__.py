"""Test-only plug-ins: tests append a package from here to the ``packages`` of a registry."""
