"""A network of the harness's own, with nothing in it but the loopback: whatever address a request names, nobody is there."""
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys

MARK = "BINCARD_ALONE"


def enter_own_network():
    """Runs the program again in a network of its own, where the system allows that; says whether it is in one."""
    if os.environ.get(MARK):
        raise_loopback()
        return True
    # Root stays what it is, so that it can still become others; anybody else is root in there.
    alone = ["unshare", "--net"] if os.getuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and subprocess.run([*alone, "true"], capture_output=True).returncode == 0:
        os.environ[MARK] = "1"
        os.execvp(alone[0], [*alone, sys.executable, *sys.argv])
    return False


def raise_loopback():
    """SIOCGIFFLAGS, SIOCSIFFLAGS with IFF_UP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(handle, 0x8913, request))[1]
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))
