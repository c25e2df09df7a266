/** history_request (messaging spec, "History"): tail, range and search. */
import type { Content, History } from "../wire/index.ts";

export function historyReply(history: History, request: Content): Content {
  const output = request["output"] === true;
  const number = (name: string, otherwise: number) => (typeof request[name] === "number" ? request[name] : otherwise);
  switch (request["hist_access_type"]) {
    case "range":
      return {
        status: "ok",
        history: history.range(
          number("session", 0),
          number("start", 1),
          typeof request["stop"] === "number" ? request["stop"] : undefined,
          { output },
        ),
      };
    case "search":
      return {
        status: "ok",
        history: history.search(typeof request["pattern"] === "string" ? request["pattern"] : "*", {
          output,
          unique: request["unique"] === true,
          ...(typeof request["n"] === "number" ? { n: request["n"] } : {}),
        }),
      };
    default:
      return { status: "ok", history: history.tail(number("n", 10), { output }) };
  }
}
