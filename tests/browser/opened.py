"""A page of a board in a browser, with whatever goes wrong while it is open."""

from pathlib import Path


class Opened:
    """A page of the site, with all that went wrong while it was open, and all it asked for beyond its folder."""

    def __init__(self, page, site: Path) -> None:
        self.page, self.site = page, site
        self.faults: list[str] = []
        self.outside: list[str] = []
        page.on("console", lambda one: self.faults.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda one: self.faults.append(str(one)))
        page.on("requestfailed", self._failed)
        page.on("request", self._asked)
        page.on("dialog", lambda one: self.faults.append(one.message))

    def _asked(self, request) -> None:
        if not request.url.startswith(self.site.as_uri()):
            self.outside.append(request.url)

    def _failed(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before its icon was there
            self.faults.append(f"{request.url}: {request.failure}")

    def view(self, name: str):
        """Open a view; "submission" stands for the page of the one with the longest name, as its file says."""
        file = self.site / f"{name}.html"
        if name == "submission":
            file = max(self.site.glob("submission-*.html"), key=lambda one: one.read_text("utf-8").count("W"))
        self.page.goto(file.as_uri())
        return self.page
