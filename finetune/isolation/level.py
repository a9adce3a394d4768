"""How far a child can be walled in. It only names the levels: `trial` finds the one that works here."""

from enum import StrEnum


class Level(StrEnum):
    """What stands between a child and the machine, best first.

    - `bubblewrap`: namespaces of its own for files, processes and network, and a system call filter. Needs the program
      `bwrap` and the right to make namespaces, which many rented containers lack.
    - `landlock`: the host's own files and processes, walled off by Landlock rules and the same filter. Needs no right
      at all and Linux 5.13 or newer. The child can still see that a file exists, its size and its dates.
    - `none`: its own process group and a few limits. It can do whatever its user may do.
    """

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NONE = "none"
