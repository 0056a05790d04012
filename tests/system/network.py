"""A network of its own for a test program: veth pairs that nobody else sees, gone when it ends."""

import ctypes
import os
import subprocess
import unittest

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_entered = False


def enter_namespace():
    """Moves this process, and whoever it starts from now on, into a new network namespace; skips the
    tests where that is not allowed. To be called before there are threads (setUpModule)."""
    global _entered
    if _entered:
        return
    uid, gid = os.geteuid(), os.getegid()
    if _libc.unshare(CLONE_NEWNET) != 0:
        # Not root: root of a user namespace may have networks too, where the kernel lets users make one.
        if _libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise unittest.SkipTest("no network namespace (%s); run as root" % reason)
        for name, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid)):
            with open("/proc/self/" + name, "w", encoding="ascii") as out:
                out.write(text)
    _entered = True
    ip("link", "set", "lo", "up")


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False, timeout=10)
    if done.returncode:
        raise unittest.SkipTest("ip %s: %s" % (" ".join(arguments), done.stderr.strip()))


def veth_pair(test, near, far):
    """Two ends of a cable, both up and silent; unplugged after the test."""
    ip("link", "add", near, "type", "veth", "peer", "name", far)
    test.addCleanup(ip, "link", "delete", near)
    for end in (near, far):
        hush(end)
        ip("link", "set", end, "up")


def hush(interface):
    """Without IPv6 the kernel sends nothing of its own: packets can be counted."""
    path = "/proc/sys/net/ipv6/conf/%s/disable_ipv6" % interface
    if not os.path.exists(path):
        return  # a kernel without IPv6
    try:
        with open(path, "w", encoding="ascii") as out:
            out.write("1")
    except OSError as error:
        raise unittest.SkipTest("%s: %s" % (path, error.strerror)) from error
