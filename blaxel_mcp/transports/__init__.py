"""How clients reach the server: stdio, Streamable HTTP or SSE.

`app` lists the middleware and routes of the HTTP application in the order in which a request passes them. `exposure`
decides from the settings, before anything is served, whether the server may listen there. `http` listens with uvicorn
and shuts down in time; `deadlines` adds what uvicorn lacks.
"""
