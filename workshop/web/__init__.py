"""What a browser may ask for: one blueprint per audience, and the rules that hold for all.

Lives here: `rights` (who may), `headers`, `errors`, `static_files`, `forms`,
and the blueprints. Not here: rules of the domain (the services) and sockets
(`realtime`).
"""
