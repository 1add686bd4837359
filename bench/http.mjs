// Two requests without keep-alive, for set-up and checks.
import http from 'node:http';

export const get = (url) => send(url, { method: 'GET' });

export const post = (url, headers, text) =>
  send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
    text,
  });

function send(url, { method, headers = {}, text }) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false }, (response) => {
      let body = '';
      response.on('data', (part) => {
        body += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text: body }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(text);
  });
}
