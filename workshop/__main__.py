"""`python -m workshop`: the command line. gevent patches first, where a server or a room of phones is started."""

import sys

if sys.argv[1:2] in (["serve"], ["bench"]):
    from gevent import monkey

    monkey.patch_all()

from workshop.cli import main

sys.exit(main())
