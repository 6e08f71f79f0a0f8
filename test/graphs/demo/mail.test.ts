import { describe, expect, it } from "vitest";
import { readRequests } from "../../../graphs/demo/requests.ts";
import { writtenIn } from "../../../graphs/state/language.ts";

interface Mail {
  to: string | string[];
  cc?: string | string[];
  bcc?: string | string[];
  subject: string;
  body: string;
}

const KIM = "kim@example.com";
const LEE = "lee@example.com";

/** Said by nobody: only who gives no text at all gets it. */
const OURS = "A mail written by the offline demo model.";

const mailsIn = (prompt: string) =>
  readRequests(prompt, writtenIn(prompt) ?? "ko").flatMap(({ tool, args }) =>
    tool === "send_email" ? [args] : [],
  );
const only = (prompt: string) => {
  const mails = mailsIn(prompt);
  expect(mails).toHaveLength(1);
  return mails[0];
};

describe("a mail in the words of whoever asks for it", () => {
  it.each<[string, Mail]>([
    // English
    [
      `Send an email to ${KIM} with subject Hello and body How are you?`,
      { to: KIM, subject: "Hello", body: "How are you?" },
    ],
    [
      `Send an email to ${KIM} with the subject "Hello" and the body "How are you?"`,
      { to: KIM, subject: "Hello", body: "How are you?" },
    ],
    [
      `Send "How are you?" to ${KIM} with subject "Hello"`,
      { to: KIM, subject: "Hello", body: "How are you?" },
    ],
    [
      `Send an email to ${KIM} saying how are you with subject Hello`,
      { to: KIM, subject: "Hello", body: "how are you" },
    ],
    [
      `Send a message to ${KIM} saying see you at 3`,
      { to: KIM, subject: "see you at 3", body: "see you at 3" },
    ],
    [
      `Email ${KIM}: the meeting moved to 4`,
      { to: KIM, subject: "the meeting moved to 4", body: "the meeting moved to 4" },
    ],
    [
      `Tell ${KIM} that the meeting is at 3`,
      { to: KIM, subject: "the meeting is at 3", body: "the meeting is at 3" },
    ],
    [`Write to ${KIM} and let him know that I am late`, { to: KIM, subject: "I am late", body: "I am late" }],
    [`Mail ${KIM} hello there`, { to: KIM, subject: "hello there", body: "hello there" }],
    [`Send hello there to ${KIM} by email`, { to: KIM, subject: "hello there", body: "hello there" }],
    [
      `Send an email to ${KIM}, ${LEE} and park@example.com titled 'Lunch' with text 'Don't be late'`,
      { to: [KIM, LEE, "park@example.com"], subject: "Lunch", body: "Don't be late" },
    ],
    [
      `Send a mail to Kim <${KIM}> and "Lee, B" <${LEE}> with subject Hi saying hello`,
      { to: [KIM, LEE], subject: "Hi", body: "hello" },
    ],
    [
      `Send a mail to ${KIM} saying "Ask boss@example.com", cc ${LEE}`,
      { to: KIM, cc: LEE, subject: "Ask boss@example.com", body: "Ask boss@example.com" },
    ],
    [
      `Send a mail to ${KIM}, bcc ${LEE}, saying hello`,
      { to: KIM, bcc: LEE, subject: "hello", body: "hello" },
    ],
    [
      `To: ${KIM}\nCc: ${LEE}\nSubject: Re: the "big" plan\n\nDear Kim,\nit is done.\n\nLee\n(please send it as a mail)`,
      {
        to: KIM,
        cc: LEE,
        subject: 'Re: the "big" plan',
        body: "Dear Kim,\nit is done.\n\nLee\n(please send it as a mail)",
      },
    ],
    [
      `Send a mail to ${KIM}\nSubject: Plan\nBody: First line\nSubject to change`,
      { to: KIM, subject: "Plan", body: "First line\nSubject to change" },
    ],
    [
      `Send an email to ${KIM} with body “It says "no"” and subject «Answer»`,
      { to: KIM, subject: "Answer", body: 'It says "no"' },
    ],
    [
      `Send an email to ${KIM} with subject "She said \\"hi\\"" and body "ok"`,
      { to: KIM, subject: 'She said "hi"', body: "ok" },
    ],
    [
      "Send an email to kim@한국.kr with subject Hi saying hello",
      { to: "kim@한국.kr", subject: "Hi", body: "hello" },
    ],
    [
      `Send a mail to "boss@dwp.com" <${KIM}> with subject Hi saying hello`,
      { to: KIM, subject: "Hi", body: "hello" },
    ],
    [`Send a mail to '${KIM}' saying "hello"`, { to: KIM, subject: "hello", body: "hello" }],
    [`cc ${KIM} on a mail saying "hello"`, { to: KIM, subject: "hello", body: "hello" }],
    [`Please email ${KIM}.`, { to: KIM, subject: OURS, body: OURS }],
    [
      `Could you please send ${KIM} an email asking whether she is free?`,
      { to: KIM, subject: "asking whether she is free?", body: "asking whether she is free?" },
    ],
    [
      `Tell me the time and send an email to ${KIM} that I am late`,
      { to: KIM, subject: "I am late", body: "I am late" },
    ],
    [
      `Reply to ${KIM} with text: thanks, and cc (${LEE})`,
      { to: KIM, cc: LEE, subject: "thanks", body: "thanks" },
    ],
    [
      `Drop a note to ${KIM} that the report is ready, please`,
      { to: KIM, subject: "the report is ready", body: "the report is ready" },
    ],
    // Korean
    [
      `${KIM}으로 "안녕" 이라는 제목으로 "반가워요" 라고 메일 보내`,
      { to: KIM, subject: "안녕", body: "반가워요" },
    ],
    [
      `김철수(${KIM})에게 회의 취소됐다고 메일 보내줘`,
      { to: KIM, subject: "회의 취소됐다", body: "회의 취소됐다" },
    ],
    [`지금 몇 시인지 알려주고 ${KIM} 에게 안부 메일 보내줘`, { to: KIM, subject: "안부", body: "안부" }],
    [
      `${KIM} 에게 내일 3시 회의라고 메일 보내줘`,
      { to: KIM, subject: "내일 3시 회의", body: "내일 3시 회의" },
    ],
    [
      `오늘 늦는다고 ${KIM}에게 메일 좀 보내 주세요`,
      { to: KIM, subject: "오늘 늦는다", body: "오늘 늦는다" },
    ],
    [
      `제목은 회의 안내, 내용은 내일 3시입니다로 ${KIM}에게 이메일 보내줘`,
      { to: KIM, subject: "회의 안내", body: "내일 3시입니다" },
    ],
    [
      `${KIM}께 제목 「회의」 본문 『내일 3시』로 메일을 발송해 주세요.`,
      { to: KIM, subject: "회의", body: "내일 3시" },
    ],
    [
      `${KIM}, ${LEE}에게 “안녕하세요”라고 메일 보내줘`,
      { to: [KIM, LEE], subject: "안녕하세요", body: "안녕하세요" },
    ],
    [
      `${KIM}에게 제목: 경로 내용: 메일 보내지 마세요 라고 메일 보내줘`,
      { to: KIM, subject: "경로", body: "메일 보내지 마세요" },
    ],
    [
      `${KIM}에게 참조 ${LEE} 제목 회의 내용 내일 봐요 라고 메일 보내줘`,
      { to: KIM, cc: LEE, subject: "회의", body: "내일 봐요" },
    ],
    [
      "김철수 <kim@회사.한국>에게 제목 회의 내용 내일 봐요 라고 메일 보내줘",
      { to: "kim@회사.한국", subject: "회의", body: "내일 봐요" },
    ],
    [
      "kim@회사.한국에게 내일 봐요 라고 메일 보내줘",
      { to: "kim@회사.한국", subject: "내일 봐요", body: "내일 봐요" },
    ],
    // Japanese
    [
      `${KIM} に件名「会議」、本文「明日3時です」でメールを送ってください`,
      { to: KIM, subject: "会議", body: "明日3時です" },
    ],
    [
      `${KIM}に「明日3時に会議です」とメールを送って`,
      { to: KIM, subject: "明日3時に会議です", body: "明日3時に会議です" },
    ],
    [
      `${KIM}に明日3時に会議ですとメールしてください`,
      { to: KIM, subject: "明日3時に会議です", body: "明日3時に会議です" },
    ],
    [
      `件名は会議、本文は明日3時です。${KIM}と${LEE}にメールを送信して`,
      { to: [KIM, LEE], subject: "会議", body: "明日3時です。" },
    ],
    // Chinese
    [`给${KIM}发邮件，主题是会议，内容是明天三点开会`, { to: KIM, subject: "会议", body: "明天三点开会" }],
    [
      `发送邮件给${KIM}和${LEE}，主题：“会议”，正文：“明天三点”`,
      { to: [KIM, LEE], subject: "会议", body: "明天三点" },
    ],
    [`告诉${KIM}明天三点开会`, { to: KIM, subject: "明天三点开会", body: "明天三点开会" }],
    [`${KIM}に「会議」という件名で「明日です」と送って`, { to: KIM, subject: "会議", body: "明日です" }],
    // and others
    [`Escribe a ${KIM} que llego tarde`, { to: KIM, subject: "llego tarde", body: "llego tarde" }],
    [
      `Schreib ${KIM}, dass das Treffen um drei ist`,
      { to: KIM, subject: "das Treffen um drei ist", body: "das Treffen um drei ist" },
    ],
    [
      `Отправь письмо на ${KIM} с темой Встреча и текстом Завтра в три`,
      { to: KIM, subject: "Встреча", body: "Завтра в три" },
    ],
    [
      `Envía un correo a ${KIM} con asunto Reunión y cuerpo Mañana a las tres`,
      { to: KIM, subject: "Reunión", body: "Mañana a las tres" },
    ],
    [
      `Envoie un mail à ${KIM} avec l'objet « Réunion » et le message « Demain à 15 h »`,
      { to: KIM, subject: "Réunion", body: "Demain à 15 h" },
    ],
    [
      `Schicke eine E-Mail an ${KIM} mit dem Betreff „Treffen“ und dem Text „Morgen um drei“`,
      { to: KIM, subject: "Treffen", body: "Morgen um drei" },
    ],
    [
      `Sende eine Mail an ${KIM} mit Betreff Treffen und Text Morgen um drei`,
      { to: KIM, subject: "Treffen", body: "Morgen um drei" },
    ],
    [
      `Envie um e-mail para ${KIM} com o assunto Reunião e o texto Amanhã às três`,
      { to: KIM, subject: "Reunião", body: "Amanhã às três" },
    ],
    [
      `Invia una mail a ${KIM} con oggetto Riunione e testo Domani alle tre`,
      { to: KIM, subject: "Riunione", body: "Domani alle tre" },
    ],
    [
      `Отправь письмо на ${KIM} с темой «Встреча» и текстом «Завтра в три»`,
      { to: KIM, subject: "Встреча", body: "Завтра в три" },
    ],
    [
      `Gửi email cho ${KIM} với tiêu đề "Họp" và nội dung "Ngày mai lúc 3 giờ"`,
      { to: KIM, subject: "Họp", body: "Ngày mai lúc 3 giờ" },
    ],
    // A language of which no word is known: what stands in quotation marks is what was meant.
    [
      `Lähetä sähköpostia osoitteeseen ${KIM}: "Kokous", "Huomenna kolmelta"`,
      { to: KIM, subject: "Kokous", body: "Huomenna kolmelta" },
    ],
  ])("%s", (prompt, expected) => {
    expect(only(prompt)).toEqual(expected);
  });

  it("several mails in one prompt, in several languages", () => {
    expect(
      mailsIn(
        `Send an email to ${KIM} with subject "One and send another" saying "first", and send another to ${LEE} with subject Two saying second`,
      ),
    ).toEqual([
      { to: KIM, subject: "One and send another", body: "first" },
      { to: LEE, subject: "Two", body: "second" },
    ]);
    expect(
      mailsIn(
        `Envía un correo a ${KIM} con asunto Uno diciendo hola y otro a ${LEE} con asunto Dos diciendo adiós`,
      ),
    ).toEqual([
      { to: KIM, subject: "Uno", body: "hola" },
      { to: LEE, subject: "Dos", body: "adiós" },
    ]);
  });

  it.each([
    `What mail did I send to ${KIM} today?`,
    `Which mails have I got from ${KIM}?`,
    `${KIM} 이 보낸 메일 보여줘`,
    `Who is ${KIM}?`,
    `my address is ${KIM}`,
  ])("a question is no mail: %s", (prompt) => {
    expect(mailsIn(prompt)).toEqual([]);
  });
});
