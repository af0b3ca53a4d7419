"""`make bench`: which measurement, and its arguments.

make bench                        our engine beside Socket.IO in Node and stock Flask-SocketIO (compare.py)
make bench ARGS="--short"         the same with 200 phones, for CI
make bench ARGS="pages"           what a phone's first pages weigh and how long they take on bad mobile data (pages.py)
make bench ARGS="pdf"             time and memory of each report (pdf.py)
make bench ARGS="scale"           one, two and four processes behind nginx (scale.py)
make bench ARGS="restart"         how soon a full room is back after its server went away (restart.py)
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["pages"]:
        from bench import pages

        sys.exit(pages.main(arguments[1:]))
    if arguments[:1] == ["pdf"]:
        from bench import pdf

        sys.exit(pdf.main(arguments[1:]))
    if arguments[:1] == ["scale"]:
        from bench import scale

        sys.exit(scale.main(arguments[1:]))
    if arguments[:1] == ["restart"]:
        from bench import restart

        sys.exit(restart.main(arguments[1:]))
    from bench import compare

    sys.exit(compare.main(arguments))
