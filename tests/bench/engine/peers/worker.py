"""The Python side of the bench's protocol: see ../worker.ts and ../problem.ts."""

import json
import os
import sys
import time

import numpy


class Problem:
    def __init__(self, folder):
        with open(os.path.join(folder, "problem.json")) as file:
            self.__dict__.update(json.load(file))
        self._numbers = numpy.fromfile(os.path.join(folder, "problem.bin"), dtype=numpy.float32)

    def array(self, name):
        info = self.arrays[name]
        length = int(numpy.prod(info["shape"]))
        numbers = self._numbers[info["offset"] : info["offset"] + length]
        return numbers.view(info["dtype"]).reshape(info["shape"]).copy()

    def weights(self, task):
        return {name[len(task) + 1 :]: self.array(name) for name in self.arrays if name.startswith(task + "/")}

    def data(self, task):
        return [(self.array(f"{task}-x-{i}"), self.array(f"{task}-y-{i}")) for i in range(self.batches)]


def products_per_step(size):
    return max(1, min(64, round((1024 / size) ** 3)))


def serve(version, tasks):
    """`tasks`: name -> function of the problem and the number after the dash, which returns the step."""
    task, folder = sys.argv[1:3]
    name, _, parameter = task.partition("-")
    step = tasks[name](Problem(folder), int(parameter or 0))
    say = lambda answer: print(json.dumps(answer), flush=True)
    say({"ready": version})
    for line in sys.stdin:
        wall, cpu, losses = [], [], []
        for _ in range(json.loads(line)["steps"]):
            cpu_before, before = time.process_time(), time.perf_counter()
            loss = step()
            wall.append((time.perf_counter() - before) * 1000)
            cpu.append((time.process_time() - cpu_before) * 1000)
            if loss is not None:
                losses.append(loss)
        say({"wall": wall, "cpu": cpu, "losses": losses})
