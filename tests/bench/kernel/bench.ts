/**
 * `npm run bench:kernel`: our kernel beside tslab and Deno's, in one run, interleaved: in each round every kernel is started
 * afresh once, each round beginning with another one, so that what else the machine does hits all alike.
 *
 *   --rounds 10 --cells 30 --lines 100000 --line-rounds 3 --only gradbook,deno --json
 *
 * tests/bench measures and judges nothing by itself: numbers of one machine are no test.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { contestantNames, contestants } from "./contestants.ts";
import { measureRound, proveThatItWorks, type Settings } from "./measure.ts";
import { type Results, table } from "./report.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "10" },
    cells: { type: "string", default: "30" },
    lines: { type: "string", default: "100000" },
    "line-rounds": { type: "string", default: "3" },
    only: { type: "string", default: contestantNames.join(",") },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const lineRounds = Number(values["line-rounds"]);
const settings: Settings = {
  cells: Number(values.cells),
  lines: Number(values.lines),
  interruptLimit: 5_000,
  linesLimit: 60_000,
};
const only = values.only.split(",");
const results: Results[] = contestants()
  .filter(({ name }) => only.includes(name))
  .map((contestant) => ({ contestant, rounds: [] }));

// The first start of each also reads its files from disk: not counted.
for (const { contestant } of results) await proveThatItWorks(contestant);
for (let round = 0; round < rounds; round++) {
  const order = results.map((_, at) => results[(at + round) % results.length] as Results);
  for (const { contestant, rounds: measured } of order) {
    console.error(`round ${round + 1} of ${rounds}: ${contestant.name}`);
    measured.push(await measureRound(contestant, settings, round < lineRounds));
  }
}

if (values.json) console.log(JSON.stringify(results, null, 2));
else {
  const [cpu] = cpus();
  console.log(`\n${table(results)}\n`);
  console.log(
    `Medians of ${rounds} fresh processes each, ${rounds * settings.cells} warm cells, ${settings.lines.toLocaleString("en")} lines in ${lineRounds} of the rounds. ` +
      `${cpus().length} x ${cpu?.model.trim() ?? "CPU"}, Node ${process.versions.node}.`,
  );
  for (const { contestant, rounds: measured } of results) {
    const kept = measured.filter(({ interrupt }) => "stateKept" in interrupt && interrupt.stateKept).length;
    console.log(
      `${contestant.name}: interrupted by ${contestant.interruptMode === "message" ? "interrupt_request" : "SIGINT"}, state kept in ${kept} of ${measured.length}.`,
    );
  }
}
