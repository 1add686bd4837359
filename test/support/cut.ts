/** Prompts for the cutter, without a gateway around it. */
import { scanJson } from '../../src/bytes/json-scan.ts';
import { Rope } from '../../src/bytes/rope.ts';
import type { Exchange } from '../../src/pipeline/exchange.ts';
import type { CutPrompt, Piece } from '../../src/pipeline/prompt.ts';
import { ExchangeRequest } from '../../src/pipeline/request.ts';
import type { Components, Documents } from '../../src/plugin.ts';
import { PromptCutter } from '../../src/prompts/cutter.ts';

/** Documents of nobody else, with a salt in them. */
export function ownDocuments(salt = 'salt'): Documents {
  const bodies = new Map<string, never>([['salt', Buffer.alloc(32, salt).toString('base64') as never]]);
  return {
    all: () => bodies,
    put: async () => {},
    putUnchanged: async () => true,
    putAll: async () => {},
    delete: async () => false,
    onChange: () => () => {},
  };
}

export const cutter = new PromptCutter(ownDocuments());

/** An exchange whose request has this body. */
export function exchangeWith(body: unknown, api: string | null = 'any.chat'): Exchange {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.isBuffer(body) ? body : Buffer.from(say(body));
  const rope = new Rope([bytes]);
  const scan = scanJson(bytes);
  const request = new ExchangeRequest({
    method: 'POST',
    path: '/',
    search: '',
    headers: {},
    pathAgent: null,
    body: { bytes: rope, scan },
    raw: rope,
  });
  return { api, request } as Exchange;
}

const say = (body: unknown): string => JSON.stringify(body);

export function cut(body: unknown, components?: Components, api?: string): CutPrompt {
  const prompt = cutter.cut(exchangeWith(body, api), components);
  if (prompt === null) throw new Error('there is no prompt in it');
  return prompt;
}

/** Pieces as short lines: `kind name chars`, and `@mark` where a mark ends. */
export const lines = ({ pieces }: { pieces: readonly Piece[] }): string[] =>
  pieces.map(({ kind, name, chars, mark }) => `${kind} ${name} ${chars}${mark === null ? '' : ` @${mark}`}`);

export const charsOf = (pieces: readonly Piece[], ...kinds: readonly string[]): number =>
  pieces.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { chars }) => sum + chars, 0);

/** Characters of a text, as Unicode counts them. */
export const length = (text: string): number => [...text].length;
export const jsonLength = (value: unknown): number => length(JSON.stringify(value));
