"""What whoever runs an installation does with it, apart from serving.

Lives here: looking after accounts, examining the installation, backups, taking
results out. Each is a command of `python -m workshop`, and nothing here is ever
reached from a page. Not here: what an open question holds; no command can read
a ballot box (promise 8).
"""
