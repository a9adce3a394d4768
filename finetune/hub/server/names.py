"""Which names this hub takes, and the one error by which it refuses anything. It knows no HTTP library."""

import re

MAX_PATH = 512  # characters
MAX_DEPTH = 8

KINDS = ("models", "datasets")  # as addresses name them

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,94}[A-Za-z0-9])?")
_REVISION = re.compile(r"main|[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Refusal(Exception):
    """A request that is not met: the HTTP status, the hub's code for it (may be empty), and a sentence."""

    def __init__(self, status: int, text: str, code: str = "") -> None:
        super().__init__(text)
        self.status, self.text, self.code = status, text, code


def checked_name(name: object) -> str:
    """The name of a user or a repository, if it may be one."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or "--" in name or ".." in name or name.endswith(".git"):
        raise Refusal(400, "a name has 1 to 96 letters, digits, dots, dashes and underscores")
    return name


def stored_id(kind: str, namespace: str, name: str) -> str:
    """What a repository is stored under, which is its path on the website: a dataset may be called like a model."""
    if kind not in KINDS:
        raise Refusal(404, f"this hub has {' and '.join(KINDS)}", "RepoNotFound")
    return f"{'datasets/' if kind == 'datasets' else ''}{namespace}/{name}"


def checked_path(path: object) -> str:
    """The path of a file inside a repository, if it may be one: relative, printable, and never upwards."""
    if not isinstance(path, str) or not 1 <= len(path) <= MAX_PATH or not path.isprintable() or "\\" in path:
        raise Refusal(400, f"a path has 1 to {MAX_PATH} printable characters and no backslash")
    parts = path.split("/")
    if len(parts) > MAX_DEPTH or any(part in ("", ".", "..", ".git") or len(part) > 255 for part in parts):
        raise Refusal(400, f"a path is relative, at most {MAX_DEPTH} deep, without empty, '.', '..' or '.git' parts")
    return path


def checked_revision(revision: str) -> str:
    """A revision that may exist: `main` or a commit's 40 hex digits."""
    if not _REVISION.fullmatch(revision):
        raise Refusal(404, "a revision is main or 40 lowercase hex digits", "RevisionNotFound")
    return revision


def checked_sha256(oid: object) -> str:
    """A SHA-256 in hex."""
    if not isinstance(oid, str) or not _SHA256.fullmatch(oid):
        raise Refusal(400, "an object is named by 64 lowercase hex digits")
    return oid
