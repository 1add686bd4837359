/** Discord's webhooks. https://discord.com/developers/docs/resources/webhook#execute-webhook */
import type { Severity } from '../shared/notice.ts';
import { failed, failedBy, type Outcome } from './outcome.ts';
import { objectIn, type Parcel } from './parcel.ts';
import { type Answer, isGood } from './post.ts';
import { factsOf, headlineOf, linkOf, short } from './words.ts';

/** 24 bits RGB. */
const COLOURS: Readonly<Record<Severity, number>> = { info: 0x3b82f6, warning: 0xf59e0b, critical: 0xdc2626 };
const RESOLVED = 0x16a34a;
/** Characters; all of an embed together may have 6000. */
const LONGEST_TITLE = 256;
const LONGEST_TEXT = 2000;
const LONGEST_FIELD = 256;

/** What Markdown would make something of stays as it is written. */
const plain = (text: string): string => text.replace(/[\\*_~`|>[\]()#<]/g, (character) => `\\${character}`);
const fitting = (text: string, most: number): string => plain(short(text, most / 2));

/** One embed; nobody is called by `@everyone` in a name. */
export function discordBody({ notice, dashboard }: Parcel): object {
  const { severity, resolves, text, event, at } = notice;
  const link = linkOf(notice, dashboard);
  return {
    embeds: [
      {
        title: fitting(headlineOf(notice), LONGEST_TITLE),
        ...(link !== null && { url: link }),
        description: fitting(text, LONGEST_TEXT),
        color: resolves ? RESOLVED : COLOURS[severity],
        fields: factsOf(notice).map(({ name, value }) => ({
          name: fitting(name, LONGEST_FIELD),
          value: fitting(value, LONGEST_FIELD),
          inline: true,
        })),
        footer: { text: `token-spy · ${event}` },
        timestamp: at,
      },
    ],
    allowed_mentions: { parse: [] },
  };
}

/** Only with `wait` Discord answers when the message is there, and says so when it is not. */
export function discordUrl(url: string): URL {
  const waiting = new URL(url);
  waiting.searchParams.set('wait', 'true');
  return waiting;
}

/** Good is 200 with the message, or 204 without. Of an error its number is kept. */
export function discordOutcome({ status, retryAfter, text }: Answer): Outcome {
  const said = objectIn(text);
  const code = typeof said?.code === 'number' && said.code > 0 ? `error ${said.code}` : '';
  if (isGood(status)) {
    return code === '' || said?.id !== undefined
      ? { sent: true, status }
      : failed(`it answered ${status}, but ${code}`, { status });
  }
  const after = typeof said?.retry_after === 'number' ? String(said.retry_after) : undefined;
  return failedBy(status, retryAfter ?? after, code);
}
