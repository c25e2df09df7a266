"""Starts the kernel named on the command line, runs `1 + 1` in it and prints what came back, as JSON. Run by doctor."""

import json
import sys
import time

from jupyter_client.manager import start_new_kernel

started = time.monotonic()
manager, client = start_new_kernel(kernel_name=sys.argv[1], startup_timeout=30)
seconds = time.monotonic() - started
outputs = []
try:
    reply = client.execute_interactive(
        "1 + 1", store_history=False, timeout=30, output_hook=lambda message: outputs.append(message)
    )
    results = [m["content"]["data"]["text/plain"] for m in outputs if m["msg_type"] == "execute_result"]
    answer = {"status": reply["content"]["status"], "results": results, "seconds": seconds}
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=False)
print(json.dumps(answer))
