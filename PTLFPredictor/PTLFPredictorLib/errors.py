"""Errors that reach a person: one sentence that says what to do, and the exit code of the command line."""


class PTLFError(Exception):
    """Base of all errors whose text is written for the user.

    Parameters
    ----------
    message : str
        A sentence (or two): what was wrong, where, and what would be right.
    """

    exit_code = 1

    @property
    def message(self) -> str:
        return str(self)


class BadInput(PTLFError):
    """The input cannot be used as it is; the sentence says what would be right."""

    exit_code = 2


class MissingDependency(PTLFError):
    """A package or program that this step needs is not installed."""

    exit_code = 3


class OutOfMemory(PTLFError):
    """The step needs more memory than it was given."""

    exit_code = 4


class UnusableModel(PTLFError):
    """A segmentation model is broken, incomplete or not to be trusted."""

    exit_code = 5


class Cancelled(PTLFError):
    """The user stopped the run (130 is what a shell reports after Ctrl-C)."""

    exit_code = 130

    def __init__(self, message: str = "Cancelled. Nothing was written."):
        super().__init__(message)


EXIT_CODES = {
    kind.exit_code: kind for kind in (PTLFError, BadInput, MissingDependency, OutOfMemory, UnusableModel, Cancelled)
}
"""Exit code -> error."""

OUT_OF_MEMORY = (
    "out of memory",
    "outofmemory",
    "bad_alloc",
    "failed to allocate",
    "unable to allocate",
    "allocate memory",
    "failed to map segment",
)
"""Words of libraries for exhausted memory: CUDA, torch, the C++ library, ITK, NumPy, the C library, the loader."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library's error means exhausted memory (ITK, torch on CPU and CUDA say it in words)."""
    return isinstance(error, MemoryError) or tells_of_memory(f"{type(error).__name__} {error}")


def tells_of_memory(text: str) -> bool:
    """Whether a line of a log says that memory was exhausted."""
    return any(words in text.lower() for words in OUT_OF_MEMORY)
