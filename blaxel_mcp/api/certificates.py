"""The certificate authorities to trust when Blaxel is called."""

import ssl
from pathlib import Path


def load_certificates(file: Path | None = None, folder: Path | None = None) -> ssl.SSLContext:
    """A new TLS context that trusts the authorities in the file or folder, else the operating system's."""
    if file or folder:
        return ssl.create_default_context(cafile=file, capath=folder)
    import truststore  # noqa: PLC0415 - start-up does not need it

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
