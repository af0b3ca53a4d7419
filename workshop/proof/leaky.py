"""`python -m workshop.proof.leaky LEAKS`: the build that leaks on purpose.

Lives here: its start. Not here: what it leaks (`leaks.py`). It serves nothing
but a scratch folder that the proof has made: nobody's answers can come to it.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import importlib  # noqa: E402
import os  # noqa: E402
import pkgutil  # noqa: E402
import sys  # noqa: E402


def main(names: str) -> int:
    """Serve with these leaks; refuse any folder that is not the proof's own."""
    import workshop
    from workshop import server
    from workshop.settings import Settings

    from .leaks import apply
    from .scratch import MARK

    settings = Settings.from_env(os.environ)
    if not (settings.data_dir / MARK).exists():
        print("This build leaks on purpose and serves the folders of the proof alone.", file=sys.stderr)
        return 2
    for package in ("", ".web", ".realtime", ".activities"):  # a leak is put into modules that are there
        inner = importlib.import_module(f"workshop{package}")
        for found in pkgutil.iter_modules(inner.__path__):
            if not found.ispkg and found.name not in ("__main__", "report_worker"):
                importlib.import_module(f"workshop{package}.{found.name}")
    del workshop
    apply(names)
    return server.serve(settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
