"""The anonymity contract, one file per promise; each has an attacker and a leaky control it must break."""
