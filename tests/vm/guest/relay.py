"""In the guest: a Bluetooth controller for the kernel (hci_vhci) whose other end is outside.

The radio and the devices stay on the host, so that a power cut of the hub does not reach them.
Only the standard library: it runs before anything of the product.
"""

import os
import threading
import time

VHCI, PORT = "/dev/vhci", "/dev/virtio-ports/radio"
CREATE_PRIMARY = b"\xff\x00"
# HCI packet type: octets of the header, and where in it the length stands (Core Vol 4 Part A, 2)
HEADERS = {1: (3, 2, 1), 2: (4, 2, 2), 3: (3, 2, 1), 4: (2, 1, 1), 5: (4, 2, 2)}


def packets(buffer: bytearray) -> list[bytes]:
    """The whole H4 packets at the start of the buffer, taken out of it."""
    found = []
    while buffer:
        header, at, width = HEADERS[buffer[0]]
        if len(buffer) < 1 + header:
            break
        length = int.from_bytes(buffer[1 + at : 1 + at + width], "little")
        end = 1 + header + (length & 0x3FFF if buffer[0] == 5 else length)
        if len(buffer) < end:
            break
        found.append(bytes(buffer[:end]))
        del buffer[:end]
    return found


def write_all(to: int, octets: bytes) -> None:
    while octets:
        octets = octets[os.write(to, octets) :]


def outwards(vhci: int, port: int) -> None:
    while True:
        packet = os.read(vhci, 4096)
        if packet[0] != CREATE_PRIMARY[0]:  # the driver's own answer to the creation
            write_all(port, packet)


def inwards(vhci: int, port: int) -> None:
    buffer = bytearray()
    while True:
        octets = os.read(port, 4096)
        if not octets:
            time.sleep(0.1)  # nobody at the other end
        buffer += octets
        for packet in packets(buffer):
            os.write(vhci, packet)


def opened(path: str) -> int:
    """udev may take a while to name a port that is there."""
    while not os.path.exists(path):  # noqa: PTH110  starts a second sooner without pathlib
        time.sleep(0.05)
    return os.open(path, os.O_RDWR)


def main() -> None:
    port, vhci = opened(PORT), opened(VHCI)
    os.write(vhci, CREATE_PRIMARY)
    threading.Thread(target=outwards, args=(vhci, port), daemon=True).start()
    inwards(vhci, port)


if __name__ == "__main__":
    main()
