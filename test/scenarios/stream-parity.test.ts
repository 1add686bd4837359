/** A streamed answer costs what the same answer costs as JSON, in every shape in which vendors stream. */
import { expect } from 'chai';

import { usePair } from '../support/pair.ts';
import { SAME_ANSWERS } from '../support/parity.ts';

const RATES = '{ input: 3, output: 15, cache_read: 0.3, cache_write: 3.75, cache_write_1h: 6, web_search_per_1k: 10 }';

describe('the same answer, streamed and as JSON', () => {
  const pair = usePair({
    providers: () =>
      ['google', 'bedrock', 'ollama']
        .map((name) => `  ${name}: { base_url: "${pair.up.url}", free: false }\n`)
        .join(''),
    more: `pricing: { models: { same-model: ${RATES} } }`,
  });

  for (const { name, paths, body, json, streams, usage } of SAME_ANSWERS) {
    for (const { shape, contentType, chunks } of streams) {
      it(`costs the same: ${name}, ${shape}`, async () => {
        pair.up.next(
          { headers: { 'content-type': 'application/json' }, chunks: [JSON.stringify(json)] },
          { headers: { 'content-type': contentType }, chunks, framing: 'chunked' },
        );
        await pair.send(paths[0], { body: { ...body, ...(paths[0] === paths[1] && { stream: false }) } });
        await pair.send(paths[1], { body: { ...body, ...(paths[0] === paths[1] && { stream: true }) } });
        const [whole, streamed] = await pair.rows(2);
        expect(whole!.usage).to.deep.equal(usage);
        expect(streamed!.usage).to.deep.equal(usage);
        expect([whole!.usage_status, streamed!.usage_status]).to.deep.equal(['final', 'final']);
        expect(whole!.cost_usd).to.match(/^0\.\d+$/);
        expect(streamed!.cost_usd).to.equal(whole!.cost_usd);
      });
    }
  }
});
