"""How clients reach the server: stdio; Streamable HTTP and SSE, with who may connect and how many.

A request over HTTP passes `edge` (is it plain HTTP, and what became of it), `guard` (is it from where it should be, and
who sends it), `admission` (is there room), where clients sign in `oauth` (may it change something), and then the SDK's
own application. `app` puts them in that order; `exposure` judges the settings before anything is served; `http` listens
and ends in good time, with `protocol` to keep each connection to its deadlines.
"""
