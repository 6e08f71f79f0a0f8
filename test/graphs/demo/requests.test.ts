import { describe, expect, it } from "vitest";
import { readRequests } from "../../../graphs/demo/requests.ts";
import { writtenIn } from "../../../graphs/state/language.ts";

const mail = (to: string | string[], subject: string, body: string, cc?: string | string[]) => ({
  tool: "send_email",
  args: { to, ...(cc ? { cc } : {}), subject, body },
});
const time = (timeZone?: string) => ({ tool: "current_time", args: timeZone ? { timeZone } : {} });

describe("reading requests", () => {
  it.each<[string, unknown[]]>([
    [
      "Send an email to kim@example.com with subject Hi saying hello there",
      [mail("kim@example.com", "Hi", "hello there")],
    ],
    [
      'Please send a mail to kim@example.com, subject: "Lunch", body: "Are you free?"',
      [mail("kim@example.com", "Lunch", "Are you free?")],
    ],
    ["email kim@example.com about the budget", [mail("kim@example.com", "the budget", "the budget")]],
    [
      "Send an email to kim@example.com and lee@example.com with subject Hi saying hello",
      [mail(["kim@example.com", "lee@example.com"], "Hi", "hello")],
    ],
    [
      "Send an email to kim@example.com cc lee@example.com with subject Hi saying hello",
      [mail("kim@example.com", "Hi", "hello", "lee@example.com")],
    ],
    [
      "send a mail to a@x.com and another to b@x.com",
      [
        mail(
          "a@x.com",
          "A mail written by the offline demo model.",
          "A mail written by the offline demo model.",
        ),
        mail(
          "b@x.com",
          "A mail written by the offline demo model.",
          "A mail written by the offline demo model.",
        ),
      ],
    ],
    [
      "Send an email to a@x.com with subject One saying first, and send an email to b@x.com with subject Two saying second",
      [mail("a@x.com", "One", "first"), mail("b@x.com", "Two", "second")],
    ],
    [
      "Send a mail to a@x.com with subject One saying first and another one to b@x.com with subject Two saying second",
      [mail("a@x.com", "One", "first"), mail("b@x.com", "Two", "second")],
    ],
    [
      "Send an email to kim@example.com with subject Hi saying write to boss@example.com today",
      [mail("kim@example.com", "Hi", "write to boss@example.com today")],
    ],
    [
      "kim@example.com 에게 제목 회의 내용 내일 3시 회의입니다 라고 메일 보내줘",
      [mail("kim@example.com", "회의", "내일 3시 회의입니다")],
    ],
    [
      "kim@example.com에게 제목은 '회의 안내', 내용은 '내일 3시에 만나요'로 이메일을 보내 주세요",
      [mail("kim@example.com", "회의 안내", "내일 3시에 만나요")],
    ],
    [
      "kim@example.com 과 lee@example.com 에게 제목 회의 내용 내일 봐요 라고 메일 보내줘",
      [mail(["kim@example.com", "lee@example.com"], "회의", "내일 봐요")],
    ],
    [
      "a@x.com 에게 제목 하나 내용 첫째 라고 메일 보내고 b@x.com 에게 제목 둘 내용 둘째 라고 메일 보내줘",
      [mail("a@x.com", "하나", "첫째"), mail("b@x.com", "둘", "둘째")],
    ],
    [
      "kim@example.com 에게 메일 보내줘",
      [
        mail(
          "kim@example.com",
          "오프라인 데모 모델이 작성한 메일입니다.",
          "오프라인 데모 모델이 작성한 메일입니다.",
        ),
      ],
    ],
    ["what time is it in Seoul", [time("Asia/Seoul")]],
    ["What's the current time in New York?", [time("America/New_York")]],
    ["current time in Europe/Madrid please", [time("Europe/Madrid")]],
    ["지금 몇 시야", [time()]],
    ["런던은 지금 몇 시야?", [time("Europe/London")]],
    [
      "Send an email to kim@example.com with subject Hi saying hello and tell me what time it is in Seoul",
      [mail("kim@example.com", "Hi", "hello"), time("Asia/Seoul")],
    ],
    [
      "지금 몇 시인지 알려주고 kim@example.com 에게 제목 회의 내용 내일 봐요 라고 메일 보내줘",
      [mail("kim@example.com", "회의", "내일 봐요"), time()],
    ],
    [
      "Send an email to kim@example.com with subject Hi saying what time is it there",
      [mail("kim@example.com", "Hi", "what time is it there")],
    ],
    [
      "지금 몇 시인지 알려주고 kim@example.com 에게 안부 메일 보내줘",
      [mail("kim@example.com", "안부", "안부"), time()],
    ],
    [
      "Tell kim@example.com what time it is here",
      [mail("kim@example.com", "what time it is here", "what time it is here")],
    ],
    ["hello", []],
    ["안녕하세요", []],
    ["my address is kim@example.com", []],
    ["send a mail", []],
    ["회의는 3시간 걸립니다", []],
    ["", []],
  ])("%s", (prompt, expected) => {
    expect(readRequests(prompt, writtenIn(prompt) ?? "ko")).toEqual(expected);
  });
});
