"""The doorbell: run this file and the workshop is open.

gevent has to patch the standard library before anything else is imported, so
these two lines stand first. No rules live here.
"""

from gevent import monkey

monkey.patch_all()

import sys  # noqa: E402

from workshop.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
