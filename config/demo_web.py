"""The demo's web server: uvicorn on the sockets that the demo command opened and handed down."""

import socket
import sys

import uvicorn


def serve(*handed_down: str) -> None:
    sockets = [socket.socket(fileno=int(number)) for number in handed_down]
    config = uvicorn.Config(
        "config.asgi:application",
        lifespan="off",
        log_config=None,  # our JSON lines
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # whom to believe about addresses is for lib.origin to say
        server_header=False,
        timeout_graceful_shutdown=2,  # an open event stream would keep it running for ever
    )
    uvicorn.Server(config).run(sockets=sockets)


if __name__ == "__main__":
    serve(*sys.argv[1:])
