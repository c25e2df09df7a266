/**
 * Commands end with the process that started them, also when that is killed and cannot say goodbye. No system call
 * tells a whole process group of its parent's death, so one small shell, started with the first command, keeps the
 * list of groups that run; its standard input ends when this process does, and then it ends them.
 */
import type { ChildProcess } from "node:child_process";

const script = `trap "" INT TERM HUP
groups=
while read -r change group; do
  case $change in
    +) groups="$groups $group" ;;
    -) rest=; for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done; groups=$rest ;;
  esac
done
[ -n "$groups" ] || exit 0
for one in $groups; do kill -s TERM -- "-$one"; done
sleep 0.2
for one in $groups; do kill -s KILL -- "-$one"; done`;

let guard: ChildProcess | undefined;

/**
 * Ends the process group `group` (a detached child's pid) when this process is gone. Returns the function that takes
 * the group off the list. Does nothing on Windows, which has no process groups.
 */
export function guardGroup(group: number): () => void {
  if (process.platform === "win32") return () => {};
  tell(`+ ${group}`);
  return () => tell(`- ${group}`);
}

function tell(line: string): void {
  guard ??= startGuard();
  guard.stdin?.write(`${line}\n`);
}

function startGuard(): ChildProcess {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const started = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  const forget = () => {
    if (guard === started) guard = undefined;
  };
  started.on("error", forget).on("exit", forget);
  started.stdin?.on("error", forget);
  // It lives as long as this process, and must not keep it alive.
  started.unref();
  (started.stdin as { unref?(): void } | null)?.unref?.();
  return started;
}
