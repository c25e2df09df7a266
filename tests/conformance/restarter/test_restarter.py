"""A kernel that dies is noticed and started again by the restarter that jupyter_server uses, and its children die with it."""

import asyncio
import os
import signal
import tempfile
import time
import unittest

from jupyter_client.ioloop import AsyncIOLoopKernelManager

# Not into the history of whoever runs the tests.
os.environ.setdefault("GRADBOOK_HISTORY", os.path.join(tempfile.mkdtemp(), "history.sqlite"))

CHILDREN = """
const child = require('node:child_process').spawn('sh', ['-c', 'sleep 611 & sleep 612; wait']);
console.log('child ' + child.pid);
while (true) {}
"""


def alive(pid):
    """Whether the process is there and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Restarter(unittest.IsolatedAsyncioTestCase):
    async def test_kill_9_during_a_cell_is_reported_and_the_new_kernel_works(self):
        manager = AsyncIOLoopKernelManager(kernel_name="gradbook", autorestart=True)
        await manager.start_kernel()
        restarted = asyncio.Event()
        manager.add_restart_callback(restarted.set, "restart")
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=30)
            client.execute(CHILDREN)
            child = None
            while child is None:
                message = await client.get_iopub_msg(timeout=30)
                if message["msg_type"] == "stream":
                    child = int(message["content"]["text"].split()[1])
            self.assertTrue(alive(child))

            first = manager.provisioner.pid
            os.kill(first, signal.SIGKILL)
            died = time.monotonic()
            while alive(child):
                self.assertLess(time.monotonic() - died, 2, "the child of the cell is still running after two seconds")
                await asyncio.sleep(0.05)

            await asyncio.wait_for(restarted.wait(), 30)
            await client.wait_for_ready(timeout=30)
            self.assertNotEqual(manager.provisioner.pid, first)
            reply = await client.execute_interactive("1 + 1", timeout=30, output_hook=lambda _: None)
            self.assertEqual(reply["content"]["status"], "ok")
            self.assertEqual(reply["content"]["execution_count"], 1)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    async def test_restart_and_interrupt_through_the_kernel_manager(self):
        manager = AsyncIOLoopKernelManager(kernel_name="gradbook", autorestart=False)
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            await client.wait_for_ready(timeout=30)
            await client.execute_interactive("var kept = 1", timeout=30)
            client.execute("while (true) {}")
            await asyncio.sleep(0.5)
            await manager.interrupt_kernel()
            reply = None
            while reply is None or reply["content"].get("ename") != "KeyboardInterrupt":
                reply = await client.get_shell_msg(timeout=30)
            old = manager.provisioner.pid
            await manager.restart_kernel()
            await client.wait_for_ready(timeout=30)
            self.assertFalse(alive(old))
            reply = await client.execute_interactive("kept", timeout=30, allow_stdin=False, output_hook=lambda _: None)
            self.assertEqual(reply["content"]["ename"], "ReferenceError")
        finally:
            client.stop_channels()
            await manager.shutdown_kernel()
        self.assertFalse(await manager.is_alive())


if __name__ == "__main__":
    unittest.main()
