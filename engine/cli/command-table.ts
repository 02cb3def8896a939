import type { Command } from "./command.ts";
import { applyCommand } from "./commands/apply-command.ts";
import { completionCommand } from "./commands/completion-command.ts";
import { conformanceCommand } from "./commands/conformance-command.ts";
import { discoverCommand } from "./commands/discover-command.ts";
import { driftCommand } from "./commands/drift-command.ts";
import { explainCommand } from "./commands/explain-command.ts";
import { historyCommand } from "./commands/history-command.ts";
import { holdCommand, holdsCommand, releaseCommand } from "./commands/hold-commands.ts";
import { hookCommand } from "./commands/hook-command.ts";
import { initCommand } from "./commands/init-command.ts";
import { leaseCommand } from "./commands/lease-command.ts";
import { migrateCommand } from "./commands/migrate-command.ts";
import { nodeCommand } from "./commands/node-command.ts";
import { observeCommand } from "./commands/observe-command.ts";
import { planCommand } from "./commands/plan-command.ts";
import { graphCommand, versionCommand } from "./commands/plain-commands.ts";
import { forgetCommand, retryCommand } from "./commands/record-commands.ts";
import { ringCommand } from "./commands/ring-command.ts";
import { schemaCommand } from "./commands/schema-command.ts";
import { showCommand } from "./commands/show-command.ts";
import { simulateCommand } from "./commands/simulate-command.ts";
import { statusCommand } from "./commands/status-command.ts";
import { resumeCommand, stopCommand } from "./commands/stop-commands.ts";
import { validateCommand } from "./commands/validate-command.ts";
import { watchCommand } from "./commands/watch-command.ts";
import { waitCommand } from "./commands/wait-command.ts";

/** Every command, in the order that help prints them. */
export const COMMANDS: readonly Command[] = [
  initCommand,
  validateCommand,
  planCommand,
  applyCommand,
  watchCommand,
  statusCommand,
  showCommand,
  explainCommand,
  historyCommand,
  waitCommand,
  observeCommand,
  nodeCommand,
  holdCommand,
  releaseCommand,
  holdsCommand,
  stopCommand,
  resumeCommand,
  retryCommand,
  forgetCommand,
  driftCommand,
  discoverCommand,
  migrateCommand,
  leaseCommand,
  hookCommand,
  ringCommand,
  graphCommand,
  schemaCommand,
  conformanceCommand,
  simulateCommand,
  completionCommand(() => COMMANDS),
  versionCommand,
];
