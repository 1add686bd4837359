import { expect } from 'chai';
import { unhealthySessions } from '../../../plugins/sessions/unhealthy.ts';
import type { SessionEntry, SessionsPage, SessionsQuestion, Settings } from '../../../src/plugin.ts';
import type { Records } from '../../../src/store/records.ts';
import { onBothDialects } from '../../store/places.ts';
import { HOUR, NOON, recordOf } from '../../store/records.ts';

const settings = { of: (agent: string) => ({ sessionCharLimit: agent === 'patient' ? 100_000 : 1000 }) } as Settings;

onBothDialects('the figure of unhealthy sessions', (place) => {
  const turn = (session: string, agent: string | null, chars: number, more: object = {}, at = NOON) =>
    recordOf(
      {
        agent,
        session: { id: session, source: 'header:x-session-id', confidence: 'high' },
        prompt: { system_chars: 0, history_chars: chars, tools_chars: 0 },
        usage: { input_tokens: 10, output_tokens: 1 },
        ...more,
      },
      at,
    );

  it('counts those of the last hour by agent, with 0 where all are well', async () => {
    const { queries } = await place().filled(
      turn('long', 'coder', 2600),
      turn('soon', 'coder', 2100),
      turn('fine', 'coder', 900),
      turn('watched', 'coder', 1100),
      turn('same', 'patient', 2600),
      turn('of-acme', 'coder', 2600, { tenant: 'acme' }),
      turn('old', 'coder', 2600, {}, NOON - 2 * HOUR),
      turn('nobody', null, 2600),
    );
    const records = { sessions: (question: SessionsQuestion) => queries.sessions(question) } as Records;
    const found = await unhealthySessions({ records, settings }, NOON + 1000);
    expect(found).to.have.deep.members([
      { subject: { agent: 'coder' }, value: 2 },
      { subject: { agent: 'patient' }, value: 0 },
      { subject: { tenant: 'acme', agent: 'coder' }, value: 1 },
    ]);
  });

  it('reads five pages at most', async () => {
    let pages = 0;
    const sessions = async (): Promise<SessionsPage> => {
      pages++;
      return { sessions: [] as SessionEntry[], next: 'more', singles: [] };
    };
    expect(await unhealthySessions({ records: { sessions } as unknown as Records, settings })).to.eql([]);
    expect(pages).to.equal(5);
  });
});
