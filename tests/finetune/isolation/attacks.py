"""Run inside a walled process: tries what must not work, and prints as JSON what became of each attempt.

Its argument is JSON: where the things to attack are. Each attempt that succeeds is reported as "done".
"""

import ctypes
import json
import mmap
import os
import resource
import socket
import sys
from pathlib import Path

targets = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
ON_ARM = os.uname().machine == "aarch64"


def syscall(number, *arguments):
    answer = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def share_memory():
    segment = syscall(194 if ON_ARM else 29, 0, mmap.PAGESIZE, 0o600)
    syscall(195 if ON_ARM else 31, segment, 0, 0)


def make(path):
    path.write_bytes(b"")
    path.unlink()


def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as one:
        one.settimeout(2)
        one.connect(address)
        one.send(b"x")


def fork(then=lambda: None):
    child = os.fork()
    if child == 0:
        then()
        os._exit(0)
    os.waitpid(child, 0)


def empty_by_reading(path):
    os.close(os.open(path, os.O_RDONLY | os.O_TRUNC))
    if path.stat().st_size:
        raise OSError("not emptied")


def fork_by_number():
    if (child := syscall(57)) == 0:
        os._exit(0)
    os.waitpid(child, 0)


def find_wallet(folder):
    """In a namespace of its own a folder above a readable one is there, with only the way to that in it."""
    if ".bittensor" not in {path.name for path in Path(folder).iterdir()}:
        raise OSError("not to be seen")


def planted_variable():
    if "PLANTED_SECRET" not in os.environ:
        raise OSError("no such variable")


HOST = "127.0.0.1"
model, secret, project = Path(targets["model"]), Path(targets["secret"]), Path(targets["project"])
# As the host numbers it: in a namespace of its own this process sees nobody there.
parent = targets["parent"]
ATTACKS = {
    "read a file of the user": secret.read_bytes,
    "list the folder of a wallet": lambda: list(secret.parent.iterdir()),
    "read the project's settings": (project / "pyproject.toml").read_bytes,
    "read the tests": Path(targets["attacks"]).read_bytes,
    "find the wallet": lambda: find_wallet(targets["temporary"]),
    "see the parent's environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
    "see the parent's command": lambda: Path(f"/proc/{parent}/cmdline").read_bytes(),
    "have a variable of the parent": planted_variable,
    "make a file beside a model": lambda: make(model / "new"),
    "write a model": lambda: (model / "weights").open("r+b").close(),
    "empty a model": lambda: os.truncate(model / "weights", 0),
    "empty a model that is open for reading": lambda: empty_by_reading(model / "weights"),
    "change the rights of a model": lambda: (model / "weights").chmod(0o666),
    "change the dates of a model": lambda: os.utime(model / "weights", (0, 0)),
    "delete a model": lambda: (model / "spare").unlink(),
    "make a folder in the project": lambda: (project / "finetune" / "planted").mkdir(),
    "make a file in the temporary folder": lambda: make(Path(targets["temporary"], "new")),
    "make a file at the root": lambda: make(Path("/finetune-attack")),
    "make a file in /dev/shm": lambda: make(Path("/dev/shm/finetune-attack")),
    "change the rights of a file of the user": lambda: secret.chmod(0o666),
    "empty a file of the user": lambda: empty_by_reading(secret),
    "delete a file of the user": secret.unlink,
    "connect by TCP": lambda: connect(socket.AF_INET, (HOST, targets["tcp"])),
    "connect by TCP over IPv6": lambda: connect(socket.AF_INET6, ("::1", targets["tcp"])),
    "send by UDP": lambda: connect(socket.AF_INET, (HOST, targets["udp"]), socket.SOCK_DGRAM),
    "connect to an abstract local socket": lambda: connect(socket.AF_UNIX, "\0" + targets["abstract"]),
    "connect to a local socket": lambda: connect(socket.AF_UNIX, targets["local"]),
    "make a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "make a packet socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
    "make a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close(),
    "listen": lambda: socket.create_server((HOST, 0)).close(),
    "set up io_uring": lambda: syscall(425, 4, ctypes.addressof(ctypes.create_string_buffer(256))),
    "start a process": fork,
    "start a process by an older call": lambda: fork_by_number() if not ON_ARM else fork(),
    "start a daemon": lambda: fork(lambda: (os.setsid(), fork())),
    "make namespaces": lambda: syscall(97 if ON_ARM else 272, 0x1000_0000),
    "signal the parent": lambda: os.kill(parent, 0),
    "signal a thread of the parent": lambda: syscall(131 if ON_ARM else 234, parent, parent, 0),
    "trace the parent": lambda: syscall(117 if ON_ARM else 101, 0x4206, parent, 0, 0),
    "see the limits of the parent": lambda: resource.prlimit(parent, resource.RLIMIT_CORE),
    "move the parent to other processors": lambda: os.sched_setaffinity(parent, os.sched_getaffinity(0)),
    "take the parent's time": lambda: os.setpriority(os.PRIO_PROCESS, parent, 0),
    "outlive the parent": lambda: syscall(167 if ON_ARM else 157, 1, 0, 0, 0, 0),
    "make shared memory": share_memory,
    "make a call of a newer kernel": lambda: syscall(452, -100, 0, 0, 0),
}

outcomes = {}
for name, attack in ATTACKS.items():
    try:
        attack()
    except OSError as error:
        outcomes[name] = str(error)
    else:
        outcomes[name] = "done"
print(json.dumps(outcomes))
