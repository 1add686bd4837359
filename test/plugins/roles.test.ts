import { expect } from 'chai';
import { play, type Stage, setStage } from '../support/play.ts';

const roles = (json: Record<string, unknown>, list = 'messages') =>
  (json[list] as { role: string }[]).map(({ role }) => role);

describe('plugins/roles', () => {
  let stage: Stage;
  before(async () => {
    stage = await setStage({ plugins: '{ plugin: roles, rename: { developer: system, tool: function } }' });
  });
  after(() => stage.close());

  it('renames roles and changes no other byte', async () => {
    const request =
      '{"model":"m", "messages":[ {"role":"developer","content":"the developer role"},{"role":"user","content":"x"} ],"n":1.0}';
    const { received, record } = await stage.play({ request });
    expect(received!.body.toString()).to.equal(request.replace('"role":"developer"', '"role":"system"'));
    expect(record.rewritten_by).to.eql(['roles']);
  });

  it('renames in the Responses API, too', async () => {
    const request = { input: [{ role: 'developer', content: 'x' }, { type: 'reasoning' }] };
    const { received } = await stage.play({ path: '/v1/responses', request });
    expect(roles(received!.json, 'input')).to.eql(['system', undefined]);
  });

  const untouched: [string, string][] = [
    ['the word only stands in a text', '{"messages":[{"role":"user","content":"\\"role\\":\\"developer\\""}]}'],
    ['the role only stands deeper', '{"messages":[{"role":"user","content":[{"role":"developer"}]}]}'],
    ['there are no messages', '{"model":"developer"}'],
    ['messages are no list', '{"messages":"developer"}'],
    ['messages are odd', '{"messages":[null,5,"developer",{"role":7}]}'],
  ];
  for (const [why, request] of untouched) {
    it(`touches nothing when ${why}`, async () => {
      const { received, record } = await stage.play({ request });
      expect(received!.body.toString()).to.equal(request);
      expect(record.rewritten_by).to.eql([]);
    });
  }

  it('does so only for the providers that its entry names', async () => {
    const { received } = await play({
      plugins: '{ plugin: roles, when: { provider: moonshot } }',
      request: { messages: [{ role: 'developer', content: 'x' }] },
    });
    expect(roles(received!.json)).to.eql(['developer']);
  });
});
