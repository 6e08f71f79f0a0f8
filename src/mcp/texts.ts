/**
 * What approvers, users and the model read of servers and their tools. Reasons are short technical words in
 * both languages.
 */
export const MCP_TEXTS = Object.freeze({
  ko: {
    approve: (server: string, tool: string) => `MCP 서버 "${server}"의 도구 "${tool}"을(를) 실행할까요?`,
    unavailable: (server: string, reason: string) =>
      `MCP 서버 "${server}"을(를) 지금 사용할 수 없습니다 (${reason}). 도구를 실행하지 않았습니다.`,
    missing: (server: string, tool: string) =>
      `MCP 서버 "${server}"에는 "${tool}" 도구가 없어 실행하지 않았습니다. 더 이상 제공되지 않을 수 있습니다.`,
    leftOut: (server: string, tool: string, reason: string) =>
      `MCP 서버 "${server}"의 "${tool}" 도구는 제공되지 않아 실행하지 않았습니다 (${reason}).`,
    timeout: (server: string, seconds: number) =>
      `MCP 서버 "${server}"이(가) ${seconds}초 안에 응답하지 않아 결과를 알 수 없습니다 (outcome unknown).`,
    uncertain: (server: string, reason: string) =>
      `MCP 서버 "${server}" 호출이 도중에 실패하여 결과를 알 수 없습니다 (outcome unknown): ${reason}.`,
    refused: (server: string, reason: string) => `MCP 서버 "${server}"이(가) 호출을 거부했습니다: ${reason}`,
    noText: "도구가 이유 없이 실패했습니다.",
  },
  en: {
    approve: (server: string, tool: string) => `Run the tool "${tool}" of the MCP server "${server}"?`,
    unavailable: (server: string, reason: string) =>
      `The MCP server "${server}" is unavailable now (${reason}). The tool was not run.`,
    missing: (server: string, tool: string) =>
      `The MCP server "${server}" has no tool "${tool}", so nothing was run. It may have stopped offering it.`,
    leftOut: (server: string, tool: string, reason: string) =>
      `The tool "${tool}" of the MCP server "${server}" is left out, so nothing was run (${reason}).`,
    timeout: (server: string, seconds: number) =>
      `The MCP server "${server}" did not answer within ${seconds} s, so nobody knows what it did (outcome unknown).`,
    uncertain: (server: string, reason: string) =>
      `The call of the MCP server "${server}" broke off, so its outcome is unknown (outcome unknown): ${reason}.`,
    refused: (server: string, reason: string) => `The MCP server "${server}" refused the call: ${reason}`,
    noText: "The tool failed without a reason.",
  },
});
