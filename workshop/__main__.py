"""`python -m workshop`: the command line. gevent patches first, where the server is started."""

import sys

if sys.argv[1:2] == ["serve"]:
    from gevent import monkey

    monkey.patch_all()

from workshop.cli import main

sys.exit(main())
