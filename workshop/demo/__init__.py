"""A session that plays itself: `make demo`.

Lives here: a cast of simulated people and the play. They know the product only
from outside, as browsers do: pages, forms and sockets. Not here: any way into
the house that a person would not have.
"""
