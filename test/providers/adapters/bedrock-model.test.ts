import { expect } from 'chai';

import { bedrockModel } from '../../../providers/adapters/_bedrock-model.ts';

describe("Bedrock's models", () => {
  const id = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';

  it('are called by their id, also where an ARN of AWS names it', () => {
    for (const asked of [
      id,
      `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${id}`,
      `arn:aws:bedrock:us-east-1::foundation-model/${id}`,
      `arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/${id}`,
      `arn:aws-cn:bedrock:cn-north-1::foundation-model/${id}`,
    ]) {
      expect(bedrockModel(asked), asked).to.equal(id);
    }
    expect(bedrockModel(null)).to.equal(null);
    expect(bedrockModel('')).to.equal('');
  });

  it("keep an ARN that names something of the customer's", () => {
    for (const asked of [
      'arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6',
      'arn:aws:bedrock:us-east-1:123456789012:provisioned-model/a1b2c3d4e5f6',
      'arn:aws:bedrock:us-east-1:123456789012:imported-model/a1b2c3d4e5f6',
      'arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/a1b2c3d4e5f6',
      'arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/anthropic.claude:1',
      'arn:aws:bedrock:us-east-1:123456789012:prompt/ABC123:1',
      `arn:aws:sagemaker:us-east-1:123456789012:endpoint/inference-profile/${id}`,
      `arn:aws:bedrock:us-east-1:123456789012:inference-profile/${id}/more`,
      `not-an-arn:inference-profile/${id}`,
    ]) {
      expect(bedrockModel(asked)).to.equal(asked);
    }
  });
});
