"""How clients reach the server: stdio; Streamable HTTP and SSE, with who may connect and how many.

A request over HTTP passes `guard` (is it from where it should be, and who sends it), `admission` (is there room), and
then the SDK's own application; `app` puts them in that order, `http` listens and ends in good time.
"""
