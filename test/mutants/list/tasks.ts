import type { Mutant } from "../mutant.ts";

const CALLS = ["test/tasks/main-service.integration.test.ts"];
const REPORTER = ["test/tasks/reporter.integration.test.ts"];
const STRICT = ["test/http/strict-tasks.integration.test.ts"];

/** What Main Service is told, and what becomes of what it does not take. */
export const TASKS: readonly Mutant[] = [
  {
    promise: "a 500 about one report does not keep others from being told",
    file: "src/tasks/main-service-error.ts",
    source: "new Set([502, 503, 504])",
    replacement: "new Set([500, 502, 503, 504])",
    tests: [...CALLS, ...REPORTER],
  },
  {
    promise: "an outage makes no report hopeless",
    file: "src/tasks/blame.ts",
    source: "before === undefined || others.at > before.at",
    replacement: "true",
    tests: ["test/tasks/blame.test.ts", ...REPORTER],
  },
  {
    promise: "a report that alone fails is given up",
    file: "src/tasks/report-failure.ts",
    source: "(isFailed(err) && blame.failed(runId))",
    replacement: "(isFailed(err) && false)",
    tests: REPORTER,
  },
  {
    promise: "a task that may have been made is not made again at once",
    file: "src/tasks/calls.ts",
    source: 'optional: { fields: ["description", "inputData"], after: ["refused"] },',
    replacement: 'optional: { fields: ["description", "inputData"], after: ["refused", "failed"] },',
    tests: REPORTER,
  },
  {
    promise: "every report of progress has its description",
    file: "src/tasks/calls.ts",
    source: "{ progress, description, planSteps }),",
    replacement: "{ progress, planSteps }),",
    tests: STRICT,
  },
  {
    promise: "the finished task has the plan steps",
    file: "src/tasks/progress.ts",
    source: "          planSteps,\n        },",
    replacement: "        },",
    tests: [...STRICT, "test/tasks/progress.test.ts"],
  },
  {
    promise: "what a task was made of is told as JSON text",
    file: "src/tasks/progress.ts",
    source: "inputData: JSON.stringify({ prompt, threadId, runId }),",
    replacement: "inputData: { prompt, threadId, runId } as unknown as string,",
    tests: STRICT,
  },
  {
    promise: "progress that is refused does not stand before the end",
    file: "src/tasks/report.ts",
    source: "if (isAboutContent(error)) return true;",
    replacement: "",
    tests: REPORTER,
  },
  {
    promise: "nothing that Main Service says is repeated but names of ours",
    file: "src/tasks/named-fields.ts",
    source: "return names.filter((name) => words.has(name) || words.has(columnOf(name)));",
    replacement: "return [...words].filter((word) => word !== '' || names.includes(columnOf(word)));",
    tests: CALLS,
  },
];
