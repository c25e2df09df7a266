/** Wall and CPU time of code in a cell, and how long a short piece of code takes on average. */

export interface Timing {
  /** Milliseconds on the clock. */
  wall: number;
  /** Milliseconds of this process's threads in their own code and in the system's. */
  user: number;
  system: number;
}

/** Starts a clock; calling the result reads it. */
export function startClock(): () => Timing {
  const cpu = process.cpuUsage();
  const start = performance.now();
  return () => {
    const wall = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    return { wall, user: user / 1000, system: system / 1000 };
  };
}

/** `kernel.time` and `kernel.timeit`; `%time` and `%timeit` are the same functions. */
export interface TimingApi {
  /** Runs `fn`, prints its wall and CPU time and returns what it returned (waiting for a promise). */
  time<Value>(fn: () => Value | PromiseLike<Value>): Promise<Value>;
  /** Calls `fn` again and again and prints its mean time; waits for each promise before the next call. */
  timeit(fn: () => unknown, options?: TimeitOptions): Promise<TimeitResult>;
}

export function createTiming(print: (text: string) => void): TimingApi {
  return {
    async time(fn) {
      const clock = startClock();
      try {
        return await fn();
      } finally {
        print(timingText(clock()));
      }
    },
    async timeit(fn, options) {
      const result = await timeit(fn, options);
      print(timeitText(result));
      return result;
    },
  };
}

export function timingText({ wall, user, system }: Timing): string {
  const cpu = `user ${duration(user)}, sys: ${duration(system)}, total: ${duration(user + system)}`;
  return `CPU times: ${cpu}\nWall time: ${duration(wall)}\n`;
}

export interface TimeitOptions {
  /** Calls in a run; by default as many as make a run last a tenth of a second. */
  loops?: number;
  /** Runs; 7 by default. */
  runs?: number;
}

export interface TimeitResult {
  loops: number;
  runs: number;
  /** Milliseconds a call: over all runs, and of each run. */
  mean: number;
  deviation: number;
  best: number;
  worst: number;
  all: number[];
}

const runTime = 100;

/** Calls `fn` in `runs` runs of `loops` calls; a promise is waited for before the next call. */
async function timeit(fn: () => unknown, { loops, runs = 7 }: TimeitOptions = {}): Promise<TimeitResult> {
  const first = fn();
  const run = isThenable(first) ? runAsynchronous : runSynchronous;
  await first;
  let count = loops ?? 1;
  if (loops === undefined) {
    for (let step = 0; (await run(fn, count)) < runTime && count < 1e9; step++) count *= step % 3 === 1 ? 2.5 : 2; // 1, 2, 5, 10
  }
  const all: number[] = [];
  for (let i = 0; i < runs; i++) all.push((await run(fn, count)) / count);
  const mean = all.reduce((sum, time) => sum + time, 0) / runs;
  const deviation = Math.sqrt(all.reduce((sum, time) => sum + (time - mean) ** 2, 0) / runs);
  return { loops: count, runs, mean, deviation, best: Math.min(...all), worst: Math.max(...all), all };
}

function timeitText({ mean, deviation, runs, loops }: TimeitResult): string {
  const count = `${runs} run${runs === 1 ? "" : "s"}, ${loops.toLocaleString("en")} loop${loops === 1 ? "" : "s"} each`;
  return `${duration(mean)} ± ${duration(deviation)} per loop (mean ± std. dev. of ${count})\n`;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** Keeps results alive, so that the compiler cannot leave the calls out. */
const kept: { value: unknown } = { value: undefined };

async function runSynchronous(fn: () => unknown, loops: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < loops; i++) kept.value = fn();
  return performance.now() - start;
}

async function runAsynchronous(fn: () => unknown, loops: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < loops; i++) kept.value = await fn();
  return performance.now() - start;
}

const units: [limit: number, name: string][] = [
  [1e-6, "ns"],
  [1e-3, "µs"],
  [1, "ms"],
];

/** Milliseconds as people read them: 1.23 s, 45.6 ms, 789 µs, 1 min 5 s. */
function duration(milliseconds: number): string {
  if (milliseconds >= 60_000) {
    const seconds = Math.round(milliseconds / 1000);
    const minutes = Math.floor(seconds / 60);
    const parts = [minutes >= 60 ? `${Math.floor(minutes / 60)} h` : "", `${minutes % 60} min`, `${seconds % 60} s`];
    return parts.filter(Boolean).join(" ");
  }
  const digits = (value: number) => String(Number(value.toPrecision(3)));
  if (milliseconds >= 1000) return `${digits(milliseconds / 1000)} s`;
  if (milliseconds === 0) return "0 ns";
  const [limit, name] = units.findLast(([smallest]) => milliseconds >= smallest) ?? (units[0] as [number, string]);
  return `${digits(milliseconds / limit)} ${name}`;
}
