import { expect } from 'chai';

import bedrockConverse from '../../../providers/adapters/bedrock-converse.ts';
import bedrockInvoke from '../../../providers/adapters/bedrock-invoke.ts';

const problem = (status: number) => ({ status, code: 'a_code', message: 'No.', requestId: 'id-1' });

describe("Bedrock's errors", () => {
  it('have the type that the SDKs know, and no code that they would take for it', () => {
    const types = {
      400: 'ValidationException',
      401: 'AccessDeniedException',
      402: 'ValidationException',
      403: 'AccessDeniedException',
      404: 'ResourceNotFoundException',
      408: 'ModelTimeoutException',
      413: 'ValidationException',
      424: 'ModelErrorException',
      429: 'ThrottlingException',
      500: 'InternalServerException',
      502: 'InternalServerException',
      503: 'ServiceUnavailableException',
      504: 'InternalServerException',
    };
    for (const [status, type] of Object.entries(types)) {
      expect(JSON.parse(bedrockConverse.error(problem(Number(status)))), status).to.eql({
        message: 'No.',
        __type: type,
        requestId: 'id-1',
      });
    }
    expect(JSON.parse(bedrockInvoke.error({ ...problem(402), details: { limit: 1 } }))).to.have.property('details');
  });

  it('say of a budget that is used up what an AWS quota would say, which no SDK tries again', () => {
    const used = { ...problem(402), code: 'budget_exceeded' };
    expect(JSON.parse(bedrockConverse.error(used))).to.include({ __type: 'ServiceQuotaExceededException' });
  });

  it('add no text to a stream of binary messages', () => {
    expect([bedrockConverse.errorEvent(problem(503)), bedrockInvoke.errorEvent(problem(503))]).to.eql(['', '']);
  });
});
