import { expect } from 'chai';
import { geminiError, geminiErrorEvent } from '../../../providers/adapters/_gemini-error.ts';
import { membersOf, readError } from '../../../src/adapter.ts';

const problem = { status: 429, code: 'budget_exceeded', message: 'Enough for today.', requestId: 'r-1' };

describe("a problem in Google's words", () => {
  it("has Google's shape, and a domain that is not Google's", () => {
    expect(
      JSON.parse(
        geminiError({ ...problem, details: { limit: '3', left: null, names: ['a', 'b'], window: { from: 'x' } } }),
      ),
    ).to.deep.equal({
      error: {
        code: 429,
        message: 'Enough for today.',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'budget_exceeded',
            domain: 'token-spy',
            metadata: { request_id: 'r-1', limit: '3', names: '["a","b"]', window: '{"from":"x"}' },
          },
        ],
      },
    });
  });

  for (const [status, name] of [
    [400, 'INVALID_ARGUMENT'],
    [401, 'UNAUTHENTICATED'],
    [402, 'RESOURCE_EXHAUSTED'],
    [403, 'PERMISSION_DENIED'],
    [404, 'NOT_FOUND'],
    [413, 'INVALID_ARGUMENT'],
    [429, 'RESOURCE_EXHAUSTED'],
    [500, 'INTERNAL'],
    [502, 'UNAVAILABLE'],
    [503, 'UNAVAILABLE'],
    [504, 'DEADLINE_EXCEEDED'],
    [507, 'INTERNAL'],
  ] as const) {
    it(`calls ${status} ${name}`, () => {
      const error = readError(membersOf(Buffer.from(geminiError({ ...problem, status }))));
      expect(error).to.deep.equal({ type: name, code: String(status) });
    });
  }

  it('is an event of its own in a stream', () => {
    expect(geminiErrorEvent(problem)).to.equal(`data: ${geminiError(problem)}\r\n\r\n`);
  });
});
