import { RUN_STATUSES } from "@aura-platform/contract/run-status.ts";
import { Command, Option } from "commander";
import {
  add,
  eventIdArgument,
  idArgument,
  limitOption,
  type Open,
  speedArgument,
  withId,
  withRequest,
  withRun,
  withThread,
} from "./command-parts.ts";
import { approve, reject } from "./commands/decide.ts";
import { deleteThread, exportThread, importThread, toStudio } from "./commands/documents.ts";
import { type EditOptions, editApproval } from "./commands/edit.ts";
import { rebuildKnowledge } from "./commands/knowledge.ts";
import { cancel, chat, fork, replay, run } from "./commands/runs.ts";
import { approvals, audit, history, show, threads } from "./commands/threads.ts";
import { DEFAULT_URL } from "./connection.ts";
import { CALL } from "./how-to-decide.ts";
import type { Io } from "./io.ts";
import { type CommonOptions, openSession } from "./session.ts";
import { harmlessLine } from "./text.ts";

/**
 * The command line: what there is, what it takes, and examples of each. Rejects with what a command throws.
 */
export function createProgram(io: Io): Command {
  const open = (options: CommonOptions) => openSession(io, options);
  const program = new Command("aura")
    .usage("<command> [options]")
    .description("Saved threads of Aura-Platform: look at them, replay, fork and move them; send prompts.")
    .addHelpText("after", `\nAURA_URL (${DEFAULT_URL}) says where, AURA_TOKEN who: ${CALL} show --help\n`)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) => write(`aura: ${harmlessLine(text.trim().replace(/^error: /, ""))}\n`),
    });
  addThreadCommands(program, open);
  addRunCommands(program, open);
  addStartCommands(program, open);
  addDecisionCommands(program, open);
  addEditCommand(program, open);
  addDocumentCommands(program, open);
  addKnowledgeCommands(program);
  return program;
}

function addThreadCommands(program: Command, open: Open): void {
  add(program, "threads", "list your threads, newest first", [
    "threads --status waiting",
    "threads --all --json",
  ])
    .addOption(limitOption(20))
    .addOption(new Option("--status <status>", "of the thread's last run").choices(RUN_STATUSES))
    .option("--all", "all of them")
    .action((options: CommonOptions & Parameters<typeof threads>[1]) => threads(open(options), options));
  withThread(
    add(program, "show", "conversation, plan, runs and what waits for a decision", ["show thread-1"]),
  ).action(withId(open, show));
  withThread(add(program, "history", "checkpoints, newest first", ["history thread-1 --values --limit 3"]))
    .addOption(limitOption(20))
    .option("--values", "with the values that changed")
    .action((threadId: string, options: CommonOptions & Parameters<typeof history>[2]) =>
      history(open(options), threadId, options),
    );
  withThread(
    add(program, "audit", "what was proposed, who decided, what came of it", ["audit thread-1 --json"]),
  ).action(withId(open, audit));
  add(program, "approvals", "what waits for your decision, and how to decide", ["approvals"]).action(
    (options: CommonOptions) => approvals(open(options)),
  );
}

function addRunCommands(program: Command, open: Open): void {
  withRun(add(program, "run", "status, times per node and tool, tokens, error", ["run run-1"])).action(
    withId(open, run),
  );
  withRun(add(program, "cancel", "stop a run; its approvals are void", ["cancel run-1"])).action(
    withId(open, cancel),
  );
  withThread(
    add(program, "replay", "draw what was recorded, at its pace; nothing is executed", [
      "replay thread-1",
      "replay thread-1 --run run-1 --speed 10",
      "replay thread-1 --speed 0 --json",
    ]),
  )
    .option("--run <runId>", "only this run", idArgument)
    .option("--from <eventId>", "only what comes after this event (<runId>:<seq>)", eventIdArgument)
    .option("--speed <factor>", "1 to 100 times the recorded pace; 0: at once", speedArgument, 1)
    .action((threadId: string, options: CommonOptions & Parameters<typeof replay>[2]) =>
      replay(open(options), threadId, options),
    );
}

/** Commands that start a run. */
function addStartCommands(program: Command, open: Open): void {
  withThread(
    add(program, "fork", "go on from a checkpoint in a new thread; every approval is asked again", [
      "fork thread-1 1f0cafe0-1234-6abc-8000-000000000000",
      'fork thread-1 1f0cafe0-1234-6abc-8000-000000000000 --prompt "Send it to lee@example.com"',
    ]),
  )
    .argument("<checkpointId>", `of: ${CALL} history <threadId>`, idArgument)
    .option("--prompt <text>", "a new message at this point")
    .option("--edits <file>", "a JSON object of state keys with new values")
    .option("--wait", "where it would stop for a decision, stay until somebody has decided")
    .action((threadId: string, checkpointId: string, options: CommonOptions & Parameters<typeof fork>[3]) =>
      fork(open(options), threadId, checkpointId, options),
    );
  add(
    program,
    "chat",
    "send a prompt and draw the run; asks for the decisions that it waits for, or stops there without a terminal",
    [
      'chat "What time is it?"',
      'chat "Send an email to kim@example.com saying hello" --thread thread-1 --wait',
    ],
  )
    .argument("<prompt>")
    .option("--thread <threadId>", "go on with this thread; default: a new one", idArgument)
    .option("--wait", "where it would stop for a decision, stay until somebody has decided")
    .action((prompt: string, options: CommonOptions & Parameters<typeof chat>[2]) =>
      chat(open(options), prompt, options),
    );
}

function addDecisionCommands(program: Command, open: Open): void {
  withRequest(
    add(program, "approve", "let what waits happen, exactly as it is shown", ["approve req-1"]),
  ).action(withId(open, approve));
  withRequest(
    add(program, "reject", "refuse what waits", [
      "reject req-1",
      'reject req-1 --reason "The wrong recipient" --json',
    ]),
  )
    .option("--reason <text>", "for whoever asked, and for the model")
    .action((requestId: string, options: CommonOptions & Parameters<typeof reject>[2]) =>
      reject(open(options), requestId, options),
    );
}

function addEditCommand(program: Command, open: Open): void {
  withRequest(
    add(program, "edit", "change the arguments of what waits; the edited approval is to be decided anew", [
      "edit req-1",
      "edit req-1 --file arguments.json --json",
    ]),
  )
    .addOption(
      new Option(
        "--arguments <json>",
        "all of them, as a JSON object; default: VISUAL or EDITOR ('code --wait') opens them",
      ),
    )
    .addOption(new Option("--file <file>", "the same from a file; -: stdin").conflicts("arguments"))
    .action((requestId: string, options: CommonOptions & EditOptions) =>
      editApproval(open(options), requestId, options),
    );
}

function addDocumentCommands(program: Command, open: Open): void {
  withThread(
    add(program, "export", "the saved thread as one JSON document", [
      "export thread-1 > thread-1.json",
      "export thread-1 -o thread-1.json",
    ]),
  )
    .option("-o, --output <file>", "into this file; default: stdout")
    .action((threadId: string, options: CommonOptions & Parameters<typeof exportThread>[2]) =>
      exportThread(open(options), threadId, options),
    );
  add(program, "import", "a saved thread, as yours; prints its id", [
    "import thread-1.json",
    "export thread-1 --url http://127.0.0.1:9000 | npm run --silent aura -- import -",
  ])
    .argument("<file>", "the document; -: stdin")
    .action((file: string, options: CommonOptions) => importThread(open(options), file));
  withThread(
    add(program, "studio", "put the thread's conversation into a running LangGraph Studio (STUDIO_PORT)", [
      "studio thread-1",
    ]),
  ).action(withId(open, toStudio));
  withThread(add(program, "delete", "everything of a thread", ["delete thread-1 --yes"]))
    .option("--yes", "without asking")
    .action((threadId: string, options: CommonOptions & Parameters<typeof deleteThread>[2]) =>
      deleteThread(open(options), threadId, options),
    );
}

function addKnowledgeCommands(program: Command): void {
  const knowledge = program.command("knowledge").description("the index of mails and approvals");
  knowledge
    .command("rebuild")
    .description("build the index again, on this machine, with the service stopped")
    .option("--json", "for machines")
    .addHelpText("after", `\nExamples:\n  ${CALL} knowledge rebuild\n`)
    .action(rebuildKnowledge);
}
