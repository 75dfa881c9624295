# Two stages, so that neither pip's leftovers nor the sources are in what runs. Rebuild with a newer base for its fixes.
FROM python:3.13.16-slim-bookworm AS build
RUN python -m venv --without-pip /opt/venv
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY blaxel_mcp blaxel_mcp
# With both extras: nobody can add them to a read-only image, and they do nothing until they are asked for.
RUN pip --python /opt/venv/bin/python install --no-cache-dir ".[metrics,otel]"

FROM python:3.13.16-slim-bookworm
LABEL org.opencontainers.image.title="blaxel-mcp" \
      org.opencontainers.image.description="MCP server that answers questions about Blaxel batch jobs" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /opt/venv /opt/venv
# A variable and not an option: an empty BLAXEL_MCP_HOST takes it back, so that the HOST of Blaxel's hosting counts.
ENV PATH="/opt/venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    BLAXEL_MCP_HOST=0.0.0.0
# A number, since Kubernetes cannot tell whether a name is root. Nobody of that number is needed in /etc/passwd.
USER 10001:10001
EXPOSE 8000
# No curl in slim images; and not urllib, which would ask HTTP_PROXY for it where that is set.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import http.client, os; port = os.environ.get('BLAXEL_MCP_PORT') or 8000; ask = http.client.HTTPConnection('127.0.0.1', int(port), timeout=3); ask.request('GET', '/health'); raise SystemExit(ask.getresponse().status != 200)"]
# Whatever is given to `docker run` after the image's name is added to it: options, or a command such as `doctor`.
ENTRYPOINT ["blaxel-mcp", "--transport", "http"]
