"""The proof of anonymity: `python -m workshop verify-anonymity`.

Lives here: simulated people, attackers and their arithmetic, and a build that
leaks on purpose. They play sessions against a real server of this installation
over real sockets, in a scratch folder that is gone afterwards, and nothing in
here needs more than the product itself. Not here: any rule of a live session.

`wire.py` and `scratch.py` are the way in, `cast.py` the people, `season.py` what
is played most, `evidence.py` what an attacker can hold of it, `linking.py` and
`bounds.py` what can be made of that, `checks/` the promises, `leaks.py` the
control, `verdicts.py` what is printed.
"""
