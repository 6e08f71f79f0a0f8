/**
 * The words by which the demo model recognises the parts of a request for a mail, in the languages that it
 * knows.
 */

const latin = (words: string) => String.raw`(?<![\p{L}\p{N}_])(?:${words})(?![\p{L}\p{N}_])`;

/** Words before a label that belong to it: "and with the subject". */
const CONNECTIONS: ReadonlySet<string> = new Set(
  "and with the its plus as in y con el la su et avec le pour und mit dem der den e com o ed il и с со và với dan dengan ve 그리고".split(
    " ",
  ),
);
/** Those of them that alone do not connect anything. */
const ARTICLES: ReadonlySet<string> = new Set("the its as in el la su le dem der den o il".split(" "));

/** Words before "message" that make it a mail and not a label: "a message to". */
const NOT_A_LABEL: ReadonlySet<string> = new Set(
  "a an another this short quick new un una une ein eine einen um uma".split(" "),
);

export const TO_WORDS: ReadonlySet<string> = new Set(
  "to for at an à a para per per: на cho đến tới kepada için".split(" "),
);

export type Label = "subject" | "body" | "said" | "weak" | "bcc" | "cc" | "about";

const SUBJECT = [
  latin(
    "subject line|subject|titled|title|headline|asunto|objet|betreff|assunto|oggetto|тема|темой|тему|tiêu đề|chủ đề|subjek|konu",
  ),
  "제목|件名|タイトル|題名|主题|主題|标题|標題|หัวข้อ|विषय|الموضوع",
];
/** Words that are only used for the text of a mail. */
const BODY = [
  latin("body|cuerpo|corps|corpo|inhalt|nội dung|isi"),
  "내용|본문|本文|内容|內容|正文|เนื้อหา|النص",
];
const SAID = [
  latin(
    [
      "saying|(?:that|which|it) says|that reads|to say",
      "(?:let|letting) (?:him|her|them|me|us) know|tell(?:ing)? (?:him|her|them)",
      "diciendo|que diga|disant|dizendo|dicendo",
    ].join("|"),
  ),
];
/** Words for the text of a mail that also mean a mail. */
const WEAK = [
  latin(
    "message|text|contents?|texto|texte|testo|mensaje|mensagem|messaggio|contenu|nachricht|текст|текстом|сообщение|сообщением",
  ),
  "メッセージ|ข้อความ|संदेश",
];
const BCC = [latin("bcc|cci"), "숨은 ?참조|密送"];
const CC = [latin("cc|en copia|en copie|in kopie"), "참조|抄送"];
const ABOUT = [latin("about|regarding|concerning")];

const LABELS: readonly Label[] = ["subject", "body", "said", "weak", "bcc", "cc", "about"];
const LABEL = new RegExp(
  [SUBJECT, BODY, SAID, WEAK, BCC, CC, ABOUT].map((words) => `(${words.join("|")})`).join("|"),
  "giu",
);

/** The text between a label and its value: a Korean particle, a verb, a colon. */
const LINK =
  /^(?:[은는이가을를](?=[\s:："'“‘「『«]))?\s{0,9}(?:(?:line|is|of|that|as|que|che|es|est|ist|lautet|é|è|là)(?![\p{L}\p{N}]))?(?:是|为|為|は|が)?\s{0,9}[:：=]?\s{0,9}/iu;

/** A label of a value. */
export interface Marker {
  label: Label;
  /** Where the words that connect it to the text before begin. */
  from: number;
  /** Where the word itself begins. */
  core: number;
  /** Where its value begins. */
  to: number;
  /** Whether something other than blanks marks it as a label. */
  isExplicit: boolean;
  /** Whether a Korean particle follows: then its value ends with one, too. */
  hasParticle: boolean;
}

export function markersIn(text: string): Marker[] {
  return [...text.matchAll(LABEL)].flatMap((match) => {
    const label = LABELS[match.slice(1).findIndex((each) => each !== undefined)];
    if (label === undefined) return [];
    const { from, isConnected, word } = beginningOf(text, match.index);
    const end = match.index + match[0].length;
    const link = LINK.exec(text.slice(end, end + 40))?.[0] ?? "";
    const to = end + link.length;
    const isLinked = /[:：=은는이가을를は是为為]/u.test(link) || /["'“‘„«‹「『《〈＂`]/.test(text[to] ?? "");
    if (label === "weak" && !isLinked && (NOT_A_LABEL.has(word) || TO_WORDS.has(wordAt(text, to)))) return [];
    const hasParticle = /^[은는이가을를]/u.test(link);
    return [{ label, from, core: match.index, to, isExplicit: isConnected || isLinked, hasParticle }];
  });
}

function beginningOf(text: string, core: number) {
  let from = core;
  let isConnected = false;
  let word = "";
  for (let steps = 0; steps < 4; steps += 1) {
    const before = text.slice(Math.max(0, from - 30), from);
    const article = /l['’]$/i.exec(before)?.[0];
    const gap = article ?? /\s{0,9}$/.exec(before)?.[0] ?? "";
    const found = /[\p{L}:]{1,12}$/u.exec(before.slice(0, before.length - gap.length))?.[0] ?? "";
    if (article === undefined && word === "") word = found.toLowerCase();
    if (article === undefined && !CONNECTIONS.has(found.toLowerCase())) break;
    isConnected ||= article === undefined && !ARTICLES.has(found.toLowerCase());
    from -= gap.length + (article === undefined ? found.length : 0);
  }
  const before = text.slice(Math.max(0, from - 12), from);
  const gap = /[\s,;.、，。；]{0,9}$/.exec(before)?.[0] ?? "";
  return { from: from - gap.length, isConnected: isConnected || /[^ ]/.test(gap) || before === "", word };
}

function wordAt(text: string, at: number): string {
  return /^[\p{L}:]{1,12}/u.exec(text.slice(at, at + 12))?.[0].toLowerCase() ?? "";
}

/** Words that ask for a mail. */
export const MAIL_WORD =
  /e-?mail|(?<![a-z])mail|(?<![a-z])(?:send|write|tell|notify|inform|forward|reply|drop)(?![a-z])|메일|보내|전송|발송|メール|送|邮件|郵件|发信|告诉|告訴|写信|correo|courriel|env[ií]|escrib|envoi|écri|schick|sende|schreib|mande|invia|manda|scrivi|письмо|отправ|напиши|g[uử]i|gửi|thư|kirim|gönder|ส่ง|أرسل|भेज/iu;

/** Questions about mails. */
export const QUESTION =
  /^\s{0,9}(?:what|which|who|when|where|why|how many|did|have|has|is there|are there)(?![a-z])|^\s{0,9}(?:list|show|find|search)(?![a-z])(?!.{0,200}(?:send|write))|(?:보낸|받은|온) ?이?메일/isu;

/** Where one mail's description may end and the next begin. */
export const NEXT_MAIL = new RegExp(
  [
    String.raw`[,;.]?\s{1,9}(?:and\s{1,9})?(?:then\s{1,9})?(?:also\s{1,9})?(?:send\s{1,9}|write\s{1,9})?(?:another|a second|one more)\b`,
    String.raw`(?:[,;.!]|\band|\bthen|\balso)\s{1,9}(?:please\s{1,9})?(?=(?:send|e-?mail|mail|write)\b)`,
    String.raw`(?<=보내\s?(?:고|주고|줘|주세요))[,.]?\s{1,9}`,
    String.raw`[,.]?\s{1,9}(?:그리고|또)\s{1,9}`,
    String.raw`[,;.]?\s{1,9}(?:y otro|y otra|et un autre|und eine weitere|e outro|e un[’']? ?altr[oa]|и ещё|và một)(?!\p{L})`,
  ].join("|"),
  "giu",
);

/** Words that begin and end a sentence which asks for a mail, besides the text of the mail. */
export const FRAME: ReadonlySet<string> = new Set(
  [
    "please kindly can could would will you i want need like to also then now and so just",
    "send write compose draft shoot drop fire email e-mail mail message note letter tell notify inform text a an the quick short new another one",
    "to for by via as him her them that saying with thanks thank",
    "escribe escriba escribir envía envíe envia envie enviar manda mande mandar mandale un una el la correo electrónico email por favor para que dile",
    "envoie envoyer envoyez écris dis une le mail courriel au à pour s'il te vous plaît",
    "sende schicke schick schreibe schreib eine ein einen an bitte dass nachricht e-mail",
    "um uma invia scrivi per favore di che",
    "отправь отправьте напиши напишите пошли письмо на по адресу почту пожалуйста что",
    "gửi thư cho đến tới rằng hãy",
  ]
    .join(" ")
    .split(" "),
);
