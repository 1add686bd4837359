import { expect } from 'chai';
import { isCloudModel } from '../../../providers/adapters/_ollama-cloud.ts';

describe('isCloudModel', () => {
  for (const name of ['gpt-oss:cloud', 'gpt-oss:120b-cloud', 'me/gpt-oss:20b-Cloud', ' glm-5:cloud '])
    it(`${JSON.stringify(name)} runs in Ollama’s cloud`, () => expect(isCloudModel(name)).to.equal(true));

  for (const name of ['gpt-oss', 'gpt-oss:120b', 'my-cloud', 'cloud', 'host:8080/my-cloud', 'gpt-oss:cloudy', '', null])
    it(`${JSON.stringify(name)} runs here`, () => expect(isCloudModel(name)).to.equal(false));
});
