"""A TCP echo server, a process of its own so that it is never late: echo_server.py ADDRESS PORT"""
import select
import socket
import sys


def main(address, port):
    listener = socket.create_server((address, port))
    print("listening", flush=True)
    poll, open_sockets = select.poll(), {listener.fileno(): listener}
    poll.register(listener, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            opened = open_sockets[descriptor]
            if opened is listener:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                open_sockets[client.fileno()] = client
                poll.register(client, select.POLLIN)
            elif data := _read(opened):
                opened.sendall(data)
            else:
                poll.unregister(descriptor)
                open_sockets.pop(descriptor).close()


def _read(opened):
    try:
        return opened.recv(65536)
    except OSError:
        return b""


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
