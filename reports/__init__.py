"""The print shop: plain data in, a page or a PDF out.

Lives here: what a report consists of (`document`), its layout (`layout`,
`templates/`, `print.css`), the one module that knows WeasyPrint (`render`), the
child process around it (`worker`) and our own check of the result (`checker`).
Not here: anything that knows a live session, a floor or a database. This package
imports nothing of `workshop`.
"""
