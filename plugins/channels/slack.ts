/** Slack's incoming webhooks, and those that speak like them. https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
import { failed, failedBy, type Outcome } from './outcome.ts';
import { objectIn, type Parcel, wordOf } from './parcel.ts';
import { type Answer, isGood } from './post.ts';
import { factsOf, headlineOf, linkOf } from './words.ts';

/** Characters that a text of a block may have. */
const LONGEST_TEXT = 3000;
const LONGEST_HEADLINE = 600;

/** Slack reads `<!channel>` and `<http://x|y>` in any text: these three characters make it. */
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Escaped and not longer than that; no entity is cut in two. */
function plain(text: string, most: number): string {
  let out = '';
  for (const character of text) {
    const next = ENTITIES[character] ?? character;
    if (out.length + next.length >= most) return `${out}…`;
    out += next;
  }
  return out;
}

/** Verbatim: what looks like an address or a name is no link. */
const mrkdwn = (text: string): object => ({ type: 'mrkdwn', text, verbatim: true });

/** Blocks for people, and a text for what shows no blocks: notifications and screen readers. */
export function slackBody({ notice, dashboard }: Parcel): object {
  const headline = plain(headlineOf(notice), LONGEST_HEADLINE);
  const text = plain(notice.text, LONGEST_TEXT - LONGEST_HEADLINE - 10);
  const facts = factsOf(notice).map(({ name, value }) => mrkdwn(`*${plain(name, 300)}*\n${plain(value, 1500)}`));
  const link = linkOf(notice, dashboard);
  const more = link === null ? '' : ` · <${link}|Dashboard>`;
  return {
    text: `${headline}\n${text}`,
    blocks: [
      { type: 'section', text: mrkdwn(`*${headline}*\n${text}`) },
      ...(facts.length > 0 ? [{ type: 'section', fields: facts }] : []),
      { type: 'context', elements: [mrkdwn(`${plain(notice.event, 100)} · ${notice.at}${more}`)] },
    ],
  };
}

/** Good is 200 with the text `ok`, or what others say in its place; Slack may say 200 and mean no. */
export function slackOutcome({ status, retryAfter, text }: Answer): Outcome {
  const said = objectIn(text);
  const word = wordOf(said === null ? text : said.error);
  if (!isGood(status)) return failedBy(status, retryAfter, word);
  if (text.trim() === 'ok' || said?.ok === true || said?.success === true) return { sent: true, status };
  return failed(`it answered ${status}, but not ok${word === '' ? '' : `: ${word}`}`, { status });
}
