"""What type checkers see in place of the PsychoPy classes that this package's own inherit from."""

from typing import Any

class PsychoPyClass:
    """A class of PsychoPy, which states no types: it takes any arguments and has any attribute.

    A class that inherits from one without types is without types itself.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def __getattr__(self, name: str) -> Any: ...
    def __setattr__(self, name: str, value: Any) -> None: ...
