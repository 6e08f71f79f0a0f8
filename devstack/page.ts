import { DEV_PASSWORD, DEV_USERS } from "./users.ts";

export interface PageFacts {
  services: readonly { name: string; address: string; what: string }[];
  /** "Redis host:port ..." or "embedded ...". */
  backend: string;
  model: string;
  /** Where mail goes. */
  mail: string;
  /** How events are searched at this moment. */
  search: string;
}

/** The dev stack's front page: what runs where. Plain HTML, no script. */
export function renderPage({ services, backend, model, mail, search }: PageFacts): string {
  const rows = services.map(
    ({ name, address, what }) =>
      `<tr><td>${escapeHtml(name)}</td><td><code>${escapeHtml(address)}</code></td><td>${escapeHtml(what)}</td></tr>`,
  );
  const users = DEV_USERS.map(({ user, tenant, role }) => `<code>${user}</code> (tenant ${tenant}, ${role})`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Aura-Platform: dev stack</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid #8885; vertical-align: top; }
</style>
<h1>Aura-Platform: dev stack</h1>
<p>Stand-ins for DWP around the real Aura-Platform, for a developer's laptop only.</p>
<h2>What runs where</h2>
<table>
<tr><th>Service</th><th>Address</th><th>What it is</th></tr>
${rows.join("\n")}
</table>
<ul>
<li>State: ${escapeHtml(backend)}</li>
<li>Model: <code>${escapeHtml(model)}</code></li>
<li>Mail: ${escapeHtml(mail)}</li>
<li>Search of events: ${escapeHtml(search)}</li>
</ul>
<h2>Try it</h2>
<ul>
<li><a href="/dev/mailbox">The mailbox</a>: every mail that the dev SMTP server has received, newest first.</li>
<li>An event of another service: ${eventForm()}</li>
<li>The curl walk (stream, approve, watch the signal) is in <code>README.md</code>; each line works as pasted.</li>
<li>A token: <code>npm run --silent token -- --tenant 1 --user user123</code></li>
<li>Users: ${users.join(", ")}. <code>POST /api/auth/login</code> takes <code>username</code>, <code>password</code> (<code>${DEV_PASSWORD}</code>) and <code>tenantId</code>.</li>
</ul>
</html>
`;
}

/** What POST /dev/events takes, as a browser sends it. */
function eventForm(): string {
  const people = DEV_USERS.map(({ user, tenant }) => `<option>${tenant}/${user}</option>`);
  return `<form method="post" action="/dev/events">
<select name="kind"><option value="approval">a document is to be approved</option><option value="mail">a mail has come</option></select>
for <select name="person">${people.join("")}</select>
<input name="title" placeholder="title or subject" required>
<input name="content" placeholder="text">
<button>Publish</button>
</form>`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
