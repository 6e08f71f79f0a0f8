import { renderEvent } from "../src/knowledge/render.ts";

export interface Cases {
  /** Events of an office, as the index renders them, by a short name. */
  events: Readonly<Record<string, string>>;
  /** What people look for, and which events have to do with it by their words or by what they mean. */
  related: readonly (readonly [query: string, ...events: string[]])[];
  /** What has nothing to do with any of them. */
  unrelated: readonly string[];
}

type Event = readonly [name: string, type: string, payload: Record<string, unknown>];
export const rendered = (events: readonly Event[]) =>
  Object.fromEntries(events.map(([name, type, payload]) => [name, renderEvent(type, payload)]));

/** The thresholds and the lists of words were made with these in view. */
export const TUNED: Cases = {
  events: rendered([
    [
      "budget",
      "MailSentEvent",
      {
        mailId: "mail-1001",
        recipient: "kim@example.com",
        subject: "3분기 예산 보고서",
        body: "김 부장님, 3분기 예산 집행 현황을 정리해 보내 드립니다. 마케팅 비용이 12% 늘었습니다.",
      },
    ],
    [
      "leave",
      "ApprovalCreatedEvent",
      {
        documentId: "doc-2001",
        title: "연차 휴가 신청서",
        content: "8월 3일부터 5일까지 연차를 신청합니다.",
      },
    ],
    [
      "trip",
      "ApprovalApprovedEvent",
      {
        documentId: "doc-2002",
        title: "부산 출장 품의",
        content: "고객사 방문을 위한 1박 2일 출장입니다. 교통비와 숙박비를 청구합니다.",
      },
    ],
    [
      "laptop",
      "ApprovalCreatedEvent",
      {
        documentId: "doc-2003",
        title: "노트북 구매 요청",
        content: "개발팀 신규 입사자 2명의 노트북을 구매하고자 합니다.",
      },
    ],
    [
      "server",
      "MailReceivedEvent",
      {
        mailId: "mail-1002",
        sender: "ops@example.com",
        subject: "서버 점검 안내",
        body: "이번 토요일 새벽 2시부터 4시까지 데이터베이스 서버 점검이 있습니다. 그 시간에는 로그인이 되지 않습니다.",
      },
    ],
    [
      "hiring",
      "MailReceivedEvent",
      {
        mailId: "mail-1003",
        sender: "hr@example.com",
        subject: "면접 일정",
        body: "백엔드 개발자 지원자 면접이 목요일 오후 3시에 있습니다. 회의실 B에서 진행합니다.",
      },
    ],
    [
      "contract",
      "MailSentEvent",
      {
        mailId: "mail-1004",
        recipient: "legal@partner.co.kr",
        subject: "계약서 초안 검토 부탁드립니다",
        body: "첨부한 용역 계약서의 손해배상 조항을 검토해 주시기 바랍니다.",
      },
    ],
    [
      "dinner",
      "MailReceivedEvent",
      {
        mailId: "mail-1005",
        sender: "park@example.com",
        subject: "회식 장소",
        body: "금요일 저녁 회식은 역 앞 고깃집으로 예약했습니다.",
      },
    ],
    [
      "security",
      "MailReceivedEvent",
      {
        mailId: "mail-1006",
        sender: "security@example.com",
        subject: "비밀번호 변경 안내",
        body: "90일마다 비밀번호를 변경해야 합니다. 피싱 메일에 주의하세요.",
      },
    ],
    [
      "training",
      "MailReceivedEvent",
      {
        mailId: "mail-1007",
        sender: "hr@example.com",
        subject: "신입사원 교육 일정",
        body: "신입사원 교육은 본사 3층 강당에서 이틀 동안 열립니다.",
      },
    ],
    [
      "tax",
      "MailReceivedEvent",
      {
        mailId: "mail-1008",
        sender: "finance@example.com",
        subject: "세금계산서 발행 요청",
        body: "거래처 한빛상사의 7월분 세금계산서를 발행해 주세요. 금액은 1,250,000원입니다.",
      },
    ],
    [
      "parking",
      "MailReceivedEvent",
      {
        mailId: "mail-1009",
        sender: "office@example.com",
        subject: "주차장 공사",
        body: "지하 2층 주차장 공사로 다음 주까지 지상 주차장을 이용해 주십시오.",
      },
    ],
    [
      "roadmap",
      "ApprovalCreatedEvent",
      {
        documentId: "doc-2004",
        title: "모바일 앱 개편 계획",
        content: "결제 화면을 단순하게 바꾸고 다크 모드를 지원합니다.",
      },
    ],
    [
      "complaint",
      "MailReceivedEvent",
      {
        mailId: "mail-1010",
        sender: "customer@shop.kr",
        subject: "배송 지연 문의",
        body: "주문번호 ORD-88231 상품이 아직 도착하지 않았습니다.",
      },
    ],
    [
      "quarterly",
      "MailSentEvent",
      {
        mailId: "mail-1101",
        recipient: "board@example.com",
        subject: "Quarterly numbers",
        body: "Revenue grew by 8 percent. See you at the board meeting on Tuesday.",
      },
    ],
    [
      "invoice",
      "MailReceivedEvent",
      {
        mailId: "mail-1102",
        sender: "billing@acme.example",
        subject: "Invoice INV-2026-0471",
        body: "Please pay 4,200 USD within 30 days.",
      },
    ],
    [
      "outage",
      "MailReceivedEvent",
      {
        mailId: "mail-1103",
        sender: "status@cloud.example",
        subject: "Incident report: storage outage",
        body: "Between 09:10 and 10:45 UTC object storage returned errors in the Seoul region.",
      },
    ],
    [
      "candidate",
      "MailReceivedEvent",
      {
        mailId: "mail-1104",
        sender: "recruiting@example.com",
        subject: "Interview feedback",
        body: "The candidate did well in system design and less well in SQL.",
      },
    ],
    [
      "vacation",
      "ApprovalCreatedEvent",
      {
        documentId: "doc-2101",
        title: "Vacation request",
        content: "Two weeks of vacation in July, my colleague Dana covers for me.",
      },
    ],
    [
      "travel",
      "ApprovalRejectedEvent",
      {
        documentId: "doc-2102",
        title: "Travel to the Berlin conference",
        content: "Flights and hotel for three nights. Rejected: over budget.",
      },
    ],
    [
      "nda",
      "MailSentEvent",
      {
        mailId: "mail-1105",
        recipient: "legal@vendor.example",
        subject: "NDA for signature",
        body: "Attached is the non-disclosure agreement. Please sign and return it.",
      },
    ],
    [
      "release",
      "MailReceivedEvent",
      {
        mailId: "mail-1106",
        sender: "ci@example.com",
        subject: "Release 4.2.0 deployed",
        body: "The deployment to production has finished without errors.",
      },
    ],
    [
      "lunch",
      "MailReceivedEvent",
      {
        mailId: "mail-1107",
        sender: "maria@example.com",
        subject: "Lunch on Friday?",
        body: "There is a new noodle place around the corner.",
      },
    ],
    [
      "printer",
      "MailReceivedEvent",
      {
        mailId: "mail-1108",
        sender: "it@example.com",
        subject: "Printer on floor 5",
        body: "The printer is out of toner. A new cartridge arrives on Monday.",
      },
    ],
    [
      "survey",
      "MailReceivedEvent",
      {
        mailId: "mail-1109",
        sender: "hr@example.com",
        subject: "Employee survey",
        body: "Please answer ten questions about your workplace until the end of the month.",
      },
    ],
    [
      "desk",
      "ApprovalCreatedEvent",
      {
        documentId: "doc-2103",
        title: "Purchase of standing desks",
        content: "Six height-adjustable desks for the design team.",
      },
    ],
  ]),
  related: [
    ["예산", "budget"],
    ["예산을 찾아줘", "budget"],
    ["3분기 예산 보고서 보내준 메일", "budget"],
    ["예산보고서", "budget"],
    ["휴가신청서", "leave"],
    ["연차 신청한 문서 있어?", "leave"],
    ["휴가는 언제부터야?", "leave"],
    ["부산 출장", "trip"],
    ["출장비 품의가 승인됐는지 알려줘", "trip"],
    ["노트북을 사기로 한 결재 문서", "laptop"],
    ["서버점검은 언제 하나요", "server"],
    ["데이터베이스 점검", "server"],
    ["지원자 면접 시간이 언제지", "hiring"],
    ["계약서의 손해배상 조항", "contract"],
    ["회식 장소가 어디야", "dinner"],
    ["비밀번호 변경", "security"],
    ["신입사원교육", "training"],
    ["한빛상사에 세금계산서 발행했어?", "tax"],
    ["주차장 공사 언제까지야", "parking"],
    ["다크 모드", "roadmap"],
    ["ORD-88231", "complaint"],
    ["배송이 늦는다는 고객 문의", "complaint"],
    ["doc-2003", "laptop"],
    ["mail-1006", "security"],
    ["kim@example.com 으로 보낸 메일", "budget"],
    ["quarterly numbers", "quarterly"],
    ["Find board numbers", "quarterly"],
    ["what did I write to the board?", "quarterly"],
    ["invoices from acme", "invoice"],
    ["INV-2026-0471", "invoice"],
    ["How much do we have to pay Acme?", "invoice"],
    ["storage incident in Seoul", "outage"],
    ["was there an outage?", "outage"],
    ["feedback about the candidate", "candidate"],
    ["interview with the backend candidate", "candidate"],
    ["vacation in July", "vacation"],
    ["who covers for Dana?", "vacation"],
    ["Berlin", "travel"],
    ["was my travel to the conference approved?", "travel"],
    ["non-disclosure agreement", "nda"],
    ["NDA", "nda"],
    ["release 4.2.0", "release"],
    ["deployments to production", "release"],
    ["lunch with Maria", "lunch"],
    ["the printer has no toner", "printer"],
    ["employee surveys", "survey"],
    ["standing desk purchase", "desk"],
    ["quaterly numbers", "quarterly"],
  ],
  unrelated: [
    "오늘 서울 날씨 어때?",
    "김치찌개 끓이는 방법 알려줘",
    "축구 국가대표 경기 결과",
    "강아지 산책을 얼마나 시켜야 하나요",
    "미적분 문제 좀 풀어줘",
    "주말에 볼 만한 영화 추천해줘",
    "독감 예방 접종은 어디서 받나요",
    "피아노 배우고 싶어요",
    "달까지 거리가 얼마야",
    "주식 시장이 왜 떨어졌어?",
    "제주도 여행 숙소 추천",
    "태풍 경보가 언제 해제되나요",
    "아기 이유식 만드는 법",
    "헬스장 등록하고 싶어",
    "조선시대 왕의 이름을 알려줘",
    "우산 분실물 신고",
    "고양이가 밥을 안 먹어요",
    "전기차 충전소 위치",
    "김장 배추 가격",
    "ORD-99999",
    "doc-9999",
    "lee@example.org",
    "what is the weather like in Paris?",
    "recipe for chocolate cake",
    "who won the football world cup?",
    "how do I tie a tie?",
    "distance between the earth and the moon",
    "best movies of the last year",
    "my dog does not want to walk",
    "how to learn the piano",
    "photosynthesis in plants",
    "symptoms of the flu",
    "stock prices of car makers",
    "history of the Roman empire",
    "translate good morning into Spanish",
    "when does the pharmacy open?",
    "electric car charging stations",
    "knitting patterns for a scarf",
    "INV-2019-0001",
    "Is there life on Mars?",
    "how long do turtles live",
    "I need a plumber for the kitchen sink",
  ],
};
