import { expect } from 'chai';
import { openHouse, type TestHouse } from '../support/house.ts';

/** Answers are read as their reader would: the tests say what is in them. */
type Json = ReturnType<typeof JSON.parse>;

describe('The report of the predecessor', () => {
  let test: TestHouse;
  let url: string;

  beforeEach(async () => {
    test = await openHouse();
    url = await test.listen();
  });
  afterEach(() => test.close());

  const get = async (query: string): Promise<{ status: number; body: Json }> => {
    const answer = await fetch(`${url}/api/report?${query}`);
    return { status: answer.status, body: await answer.json() };
  };

  it('tells days, models, services and sources of the days that were asked for', async () => {
    await test.add(
      { time: '2026-05-01T10:00:00.000Z', agent: 'Open WebUI', cost_usd: '0.0125' },
      { time: '2026-05-02T23:59:59.999Z', agent: 'home', cost_usd: '0', cost_source: 'free', provider: 'local' },
      { time: '2026-05-03T00:00:00.000Z' },
    );
    const { status, body } = await get('start=2026-05-01&end=2026-05-02');
    expect(status).to.equal(200);
    expect(Object.keys(body)).to.eql(['period', 'summary', 'daily', 'models', 'services', 'sources']);
    expect(body.period).to.eql({ start: '2026-05-01', end: '2026-05-02' });
    expect(body.summary).to.include({ requests: 2, spend_usd: 0.0125, billing_providers: 1, local_providers: 1 });
    expect(body.daily.map(({ date, requests }: Json) => [date, requests])).to.eql([
      ['2026-05-01', 1],
      ['2026-05-02', 1],
    ]);
    expect(body.sources.map(({ source }: Json) => source)).to.eql(['local_zero_cost', 'priced_from_tokens']);
    expect(body.services.map(({ service }: Json) => service)).to.eql(['Open WebUI', 'home']);
    expect(body.models[0]).to.include({ model: 'gpt-4o-mini', provider: 'openai', service: 'Open WebUI' });
  });

  it('takes a year of days at most, a leap year whole', async () => {
    const { body } = await get('start=2024-01-01&end=2024-12-31');
    expect(body.daily).to.have.lengthOf(366);
    expect((await get('start=2026-02-28&end=2026-02-28')).body.daily).to.have.lengthOf(1);
  });

  for (const [query, words] of [
    ['start=2026-06-01&end=2026-01-01', 'end must be on or after start'],
    ['start=2025-01-01&end=2026-01-02', 'range must be shorter than 366 days'],
    ['start=0001-01-01&end=9999-12-30', 'range must be shorter than 366 days'],
    ['start=9999-12-01&end=9999-12-31', 'end date is out of range'],
    ['start=yesterday&end=2026-01-01', 'start must be a date such as 2026-11-20'],
    ['start=2026-02-30&end=2026-03-01', 'start must be a date such as 2026-11-20'],
    ['start=2026-02-01&end=2026-2-3', 'end must be a date such as 2026-11-20'],
    ['start=&end=2026-01-01', 'start must be a date such as 2026-11-20'],
  ] as const) {
    it(`refuses ${query} with 400 and an error that is a text`, async () => {
      expect(await get(query)).to.eql({ status: 400, body: { error: words } });
    });
  }

  it('says which day is missing as its readers know it', async () => {
    const { status, body } = await get('end=2026-01-01');
    expect(status).to.equal(422);
    expect(body.detail).to.eql([{ type: 'missing', loc: ['query', 'start'], msg: 'Field required', input: null }]);
    expect((await get('')).body.detail).to.have.lengthOf(2);
    expect((await get('start=2026-01-01&start=2026-01-02&end=2026-01-03')).status).to.equal(422);
  });

  it('is our own path, behind the login', async () => {
    const locked = await test.listen({ locked: true });
    const answer = await fetch(`${locked}/api/report?start=2026-01-01&end=2026-01-02`);
    expect(answer.status).to.equal(401);
    await fetch(`${url}/api/reports`);
    expect(test.proxied).to.eql(['GET /api/reports']);
  });
});
