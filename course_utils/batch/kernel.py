"""The kernel that every lesson runs in here: this interpreter, whatever kernelspecs and profiles the machine has."""

import os
import sys
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager

from ..runtime import STATIC, impersonal

LANGUAGE = "python"
LOG = "kernel.log"
QUIET = ["--log-level=ERROR"]  # a kernel on this machine need not warn that it speaks TCP


class ThisPython(AsyncKernelManager):
    """A manager whose kernels run with this interpreter and its packages, and with nobody's profile.

    A kernelspec named ``python3`` elsewhere on Jupyter's path may belong to another environment.
    """

    home: str  # a folder for the kernel's profile, and for what it writes past its notebook
    exit_code = None  # of a kernel that has ended by itself: negative, the number of the signal that ended it

    @property
    def kernel_spec(self):
        """The kernelspec of this interpreter."""
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language=LANGUAGE)

    async def start_kernel(self, **options):
        """Start a kernel that knows that nobody looks at its notebook; see `AsyncKernelManager.start_kernel`."""
        environment = {
            **options.pop("env", os.environ),
            STATIC: "1",  # started from a notebook, the kernel would take itself for one that somebody looks at
            **impersonal(Path(self.home, "ipython")),
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # ipykernel 6 warns about a debugger that nobody has started
        }
        with open(Path(self.home, LOG), "wb") as log:
            await AsyncKernelManager.start_kernel(self, env=environment, stdout=log, stderr=log, **options)

    async def cleanup_resources(self, restart=False):
        """Forget the kernel, but for how it ended; see `AsyncKernelManager.cleanup_resources`."""
        if self.has_kernel:
            type(self).exit_code = await self.provisioner.poll()
        await AsyncKernelManager.cleanup_resources(self, restart=restart)


def this_python(home):
    """A class for nbclient's ``kernel_manager_class``.

    Parameters
    ----------
    home : str or Path
        An empty folder, which must stay until the kernel has ended.

    Returns
    -------
    type
        A `ThisPython`. What its kernel writes to its own standard output and error is in the file `LOG` of `home`; how a
        kernel ended that nobody has shut down is its ``exit_code``.
    """
    return type("ThisPython", (ThisPython,), {"home": str(home)})
