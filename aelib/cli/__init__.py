"""``python -m aelib …``: everything the app can do, for scripts and for machines (``--json``)."""

import json
import sys

from aelib.errors import AelibError


def main(arguments: list[str] | None = None) -> int:
    """Run one command. A fault of the user is one sentence on stderr and exit code 2, never a traceback."""
    from aelib.cli._app import app

    given = sys.argv[1:] if arguments is None else arguments
    try:
        return app(args=given, prog_name="python -m aelib", standalone_mode=False) or 0
    except AelibError as error:
        if "--json" in given:
            print(json.dumps({"error": error.as_dict()}))
        print(f"{error} [{error.code}]", file=sys.stderr)
        return 2
    except Exception as error:
        show = getattr(error, "show", None)  # click's own usage errors: unknown option, missing argument
        if show is None:
            raise
        show()
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
