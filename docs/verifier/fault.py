"""What is wrong with a log, and where."""


class Fault(Exception):
    """A check that failed: its name, words for people, and the position where one record is wrong."""

    def __init__(self, check: str, detail: str, position: int | None = None):
        super().__init__(detail)
        self.check = check
        self.detail = detail
        self.position = position

    def at(self, position: int) -> "Fault":
        """The same fault at a position."""
        return Fault(self.check, self.detail, position)
