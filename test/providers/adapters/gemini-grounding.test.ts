import { expect } from 'chai';
import { Grounding } from '../../../providers/adapters/_gemini-grounding.ts';
import gemini from '../../../providers/adapters/gemini.ts';
import type { Draft } from '../../../src/adapter.ts';
import { read } from '../../support/metering.ts';

function grounded(...metadata: unknown[]) {
  const notes: string[] = [];
  const grounding = new Grounding();
  const draft = { note: (note: string) => void notes.push(note) } as unknown as Draft;
  for (const each of metadata) grounding.read(each, draft);
  return { notes, of: (model: string | null) => grounding.requests(model) };
}

const NEW = ['gemini-3-pro-preview', 'gemini-3.8-flash', 'gemini-20-pro', 'models/gemini-3-flash', 'gemma-4', null];
const OLD = ['gemini-2.5-pro', 'gemini-2.0-flash-001', 'gemini-1.5-pro', 'gemini-pro-1.5', 'google/gemini-2.5-flash'];

describe('grounding with a search', () => {
  it('is charged for each query from Gemini 3 on, once for the same words, not for empty ones', () => {
    const searched = grounded(
      { webSearchQueries: ['', 'who won', ' ', 'where', 3, null] },
      { webSearchQueries: ['who won', 'when'], imageSearchQueries: ['when'] },
    );
    for (const model of NEW) expect(searched.of(model), String(model)).to.equal(4);
  });

  it('is charged for each prompt before Gemini 3', () => {
    const searched = grounded({ webSearchQueries: ['who won', 'where'] }, { groundingChunks: [{ web: { uri: 'u' } }] });
    for (const model of OLD) expect(searched.of(model), model).to.equal(1);
    const cited = grounded({ groundingChunks: [{ web: { uri: 'u' } }] });
    expect([cited.of('gemini-2.5-pro'), cited.of('gemini-3-pro-preview')]).to.deep.equal([1, 0]);
  });

  it('is none where nothing was searched for', () => {
    const nothing = grounded(undefined, null, 'x', {}, { webSearchQueries: [''], groundingChunks: [null, {}] });
    for (const model of [...NEW, ...OLD]) expect(nothing.of(model)).to.equal(0);
    expect(nothing.notes).to.deep.equal([]);
  });

  it('by other means is charged as well, which is said', () => {
    const other = grounded({ groundingChunks: [{ maps: { uri: 'u' } }], retrievalQueries: ['q'] });
    expect(other.of('gemini-3-pro-preview')).to.equal(0);
    expect(other.notes).to.deep.equal([
      'grounding with Google Maps is charged, and not counted',
      'grounding with Vertex AI Search is charged, and not counted',
    ]);
  });

  it('stands in the usage, counted over all events, by the model that answered', () => {
    const event = (query: string, more: object) =>
      `data: ${JSON.stringify({ candidates: [{ groundingMetadata: { webSearchQueries: [query] }, ...more }], ...USAGE })}\n\n`;
    const USAGE = { usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 2 } };
    const bytes = Buffer.from(event('a', {}) + event('b', { finishReason: 'STOP' }));
    const requests = (model: string) =>
      read(gemini, { api: 'gemini.streamGenerateContent', model }, [bytes]).usage?.['web_search.requests'];
    expect([requests('gemini-3.5-flash'), requests('gemini-2.5-flash')]).to.deep.equal([2, 1]);
  });
});
