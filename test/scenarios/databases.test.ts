/** The same traffic, kept in either database. */
import { expect } from 'chai';

import { send } from '../support/client.ts';
import { PIPELINE, startGateway } from '../support/gateway.ts';
import { postgres } from '../support/postgres.ts';
import { json } from '../support/script.ts';
import { startUpstream } from '../support/upstream.ts';

const answer = { id: 'c', model: 'gpt-4o-mini', choices: [], usage: { prompt_tokens: 1000, completion_tokens: 100 } };

describe('ten exchanges', () => {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    it(`become ten rows and their sum in ${dialect}`, async function () {
      const database = dialect === 'postgres' ? await postgres() : null;
      if (database && 'missing' in database) {
        console.log(`      skipped: ${database.missing}`);
        return this.skip();
      }
      const upstream = await startUpstream();
      upstream.always(json(answer));
      const where = database ? `database: "${database.url}"\n` : '';
      const running = await startGateway(`${where}providers: { openai: { base_url: "${upstream.url}" } }\n${PIPELINE}`);
      try {
        const ask = (i: number) =>
          send({
            url: `${running.url}/v1/chat/completions`,
            headers: { 'x-token-spy-agent': i % 2 ? 'odd' : 'even' },
            body: { model: 'gpt-4o-mini', messages: [] },
          });
        await Promise.all(Array.from({ length: 10 }, (_, i) => ask(i)));
        const rows = await running.rows(10);
        expect(rows).to.have.length(10);
        expect(new Set(rows.map(({ cost_usd }) => cost_usd))).to.eql(new Set(['0.00021']));
        expect(running.gateway.store.dialect).to.equal(dialect);
        const get = async (path: string) => JSON.parse((await send({ url: running.url + path })).text);
        expect((await get('/api/v1/requests?agent=odd')).data).to.have.length(5);
        const totals = await get('/api/v1/totals');
        expect(JSON.stringify(totals)).to.contain('0.0021');
        expect((await send({ url: `${running.url}/dashboard` })).status).to.equal(200);
        expect((await get('/health')).database).to.include({ status: 'ok', dialect });
      } finally {
        await running.close();
        await upstream.close();
      }
    });
  }
});
