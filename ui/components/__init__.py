"""Our own components: plain JavaScript modules beside the Python that mounts them; no build step."""
