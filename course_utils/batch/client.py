"""How papermill talks to a kernel here: what a notebook prints without end is cut off, and no process outlives it."""

import contextlib
import os
import signal
import sys

from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

ENGINE = "course"
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has only the one, which ends a process there
LARGEST = 20 * 2**20  # bytes of output in a notebook; what Jupyter shows is a tenth of it


class TooMuchOutput(Exception):
    """A notebook has printed more than `LARGEST` bytes."""


class Client(PapermillNotebookClient):
    """papermill's client, which ends the kernel of a notebook that floods its output."""

    total = 0  # bytes so far

    def process_message(self, message, cell, cell_index):
        """Count what comes; see `nbclient.NotebookClient.process_message`."""
        content, before = message["content"], self.total
        self.total += len(content.get("text", "")) + sum(len(str(part)) for part in content.get("data", {}).values())
        if self.total <= LARGEST:
            return super().process_message(message, cell, cell_index)
        if before <= LARGEST:  # an error that is raised here would be seen when the cell has ended
            os.kill(self.km.provisioner.pid, KILL)
        return None


class Engine(NBClientEngine):
    """papermill's own engine, with `Client`."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        """Execute a notebook; see papermill's `NBClientEngine`."""
        unknown = ("input_path", "log_output", "stdout_file", "stderr_file")
        options = {name: value for name, value in options.items() if name not in unknown}
        timeout, start = options.pop("execution_timeout"), options.pop("start_timeout", 60)
        client = Client(nb_man, timeout=timeout, startup_timeout=start, kernel_name=kernel_name, **options)
        try:
            return client.execute()
        except DeadKernelError:
            if client.total > LARGEST:
                raise TooMuchOutput from None
            raise


papermill_engines.register(ENGINE, Engine)


def adopt():
    """Let processes that a notebook has started, and whose own parents have ended, become children of this process, if the system can."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def end_what_is_left(before):
    """End all processes below this one that are not in `before`; gives their names."""
    import psutil

    left = [one for one in psutil.Process().children(recursive=True) if one not in before]
    names = []
    for one in left:
        with contextlib.suppress(psutil.Error):
            if one.status() != psutil.STATUS_ZOMBIE:
                names.append(one.name())
            one.kill()
    psutil.wait_procs(left, 5)
    return names
