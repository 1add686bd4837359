import { expect } from 'chai';
import { anthropicError, anthropicErrorEvent } from '../../../providers/adapters/_anthropic-error.ts';

const problem = { status: 429, code: 'budget_exceeded', message: 'Enough for today.', requestId: 'r-1' };

describe("a problem in Anthropic's words", () => {
  it('has its type by the status, and the code of the gateway beside it', () => {
    expect(JSON.parse(anthropicError(problem))).to.deep.equal({
      type: 'error',
      error: { type: 'rate_limit_error', message: 'Enough for today.', code: 'budget_exceeded' },
      request_id: 'r-1',
    });
    const types = [400, 401, 413, 500, 503, 529].map(
      (status) => JSON.parse(anthropicError({ ...problem, status })).error.type,
    );
    expect(types).to.deep.equal([
      'invalid_request_error',
      'authentication_error',
      'request_too_large',
      'api_error',
      'overloaded_error',
      'overloaded_error',
    ]);
  });

  it('is an event named error in a stream', () => {
    expect(anthropicErrorEvent(problem)).to.equal(`event: error\ndata: ${anthropicError(problem)}\n\n`);
  });
});
