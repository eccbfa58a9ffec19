# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user's daemon does for unmodified programs (thesis 3.4): it joins local connections with
connections to IST ports.

    ist_forwarder.py listen LOCAL IST PORT COUNT    local clients come; the n-th takes PORT + n
    ist_forwarder.py connect LOCAL IST PORT COUNT   COUNT connections to the IST, each joined with one
                                                    to the local server when the splice carries it
    ist_forwarder.py datagrams LOCAL IST PORT listen|connect
                                                    registers, then carries datagrams of one client

LOCAL is a port of 127.0.0.1. Prints "ready".
"""

from __future__ import annotations

import selectors
import socket
import sys
import threading

REGISTRATION = b"ISBREG1" + bytes(9)


def pump(source: socket.socket, target: socket.socket) -> None:
    """Copy one way, its end too."""
    try:
        while part := source.recv(1 << 16):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()


def join(one: socket.socket, other: socket.socket) -> None:
    """Copy both ways in threads of their own."""
    for ends in ((one, other), (other, one)):
        threading.Thread(target=pump, args=ends, daemon=True).start()


def serve_clients(local: int, ist: str, port: int, count: int) -> None:
    """Local clients, each to an IST port of its own."""
    listener = socket.create_server(("127.0.0.1", local))
    print("ready", flush=True)
    for number in range(count):
        client, _ = listener.accept()
        join(client, socket.create_connection((ist, port + number)))


def one_server_connection(local: int, ist: str, port: int) -> None:
    """To the IST, and when a partner is there, to the local server."""
    join(socket.create_connection((ist, port)), socket.create_connection(("127.0.0.1", local)))


def serve_server(local: int, ist: str, port: int, count: int) -> None:
    """Connections to the IST, all begun at once: each waits for its partner."""
    threads = [threading.Thread(target=one_server_connection, args=(local, ist, port + number))
               for number in range(count)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    for thread in threads:
        thread.join()
    threading.Event().wait()


def carry_datagrams(local: int, ist: str, port: int, role: str) -> None:
    """One local client or server, one IST port."""
    inner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if role == "listen":
        inner.bind(("127.0.0.1", local))
    peer = ("127.0.0.1", local) if role == "connect" else None
    outer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outer.connect((ist, port))
    outer.send(REGISTRATION)
    print("ready", flush=True)
    selector = selectors.DefaultSelector()
    selector.register(inner, selectors.EVENT_READ)
    selector.register(outer, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is outer:
                datagram = outer.recv(65536)
                if peer is not None:
                    inner.sendto(datagram, peer)
            else:
                datagram, peer = inner.recvfrom(65536)
                outer.send(datagram)


def main() -> None:
    """By the first word of the command line."""
    kind, local, ist, port, last = sys.argv[1:]
    if kind == "datagrams":
        carry_datagrams(int(local), ist, int(port), last)
    else:
        serve = serve_clients if kind == "listen" else serve_server
        serve(int(local), ist, int(port), int(last))
        threading.Event().wait()


if __name__ == "__main__":
    main()
