/** The parts of Jasmine used here. Its own types come in a package that would declare its globals for all tests. */
declare module "jasmine-core" {
  export interface Result {
    fullName: string;
    status: "passed" | "failed" | "pending" | "excluded";
    failedExpectations: { message: string }[];
  }

  interface Environment {
    configure(options: {
      random: boolean;
      forbidDuplicateNames: boolean;
      specFilter(spec: { getFullName(): string }): boolean;
    }): void;
    addReporter(reporter: { specDone(result: Result): void; suiteDone(result: Result): void }): void;
    execute(): Promise<Pick<Result, "failedExpectations">>;
  }

  const jasmineCore: {
    /** Puts `describe`, `it` and the like into the global scope. */
    boot(): { getEnv(): Environment };
  };
  export default jasmineCore;
}
