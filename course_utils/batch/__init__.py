"""From lessons to results: build notebooks from their sources, run plans, report."""


class UsageError(Exception):
    """Something that was asked for cannot be done as it was asked; nothing has been started or changed.

    The command line prints the message and exits with code 2.
    """


class BatchStopped(Exception):
    """A batch that could not go on; what had finished is kept. The command line prints the message and exits with code 1."""


#: The Jupyter kernel that every lesson runs with: the one that ipykernel installs.
KERNEL = "python3"
