// A callback endpoint: CALLBACK_SECRET=whsec_… PORT=9000 node receiver.js
const { createHmac, timingSafeEqual } = require('node:crypto');
const { createServer } = require('node:http');

// rawBody: the bytes as they came in, before any JSON parser.
function verify(headers, rawBody, secret, now = Date.now() / 1000) {
  const timestamp = headers['x-assistify-timestamp'] ?? '';
  if (!(Math.abs(now - Number(timestamp)) <= 300)) return false;
  const expected = 'sha256=' + createHmac('sha256', secret)
    .update(`${timestamp}.`).update(rawBody).digest('hex');
  const a = Buffer.from(headers['x-assistify-signature'] ?? ''), b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

const seen = new Set(); // in production: a table with a unique key on the delivery id

function handle(event) {
  switch (event.event) {
    case 'ai.reply':
    case 'agent.reply': // one code path: the second also has agentName
      return console.log(event.event, event.conversationId, JSON.stringify(event.content));
    default:
      return console.log(event.event, event.conversationId, JSON.stringify(event.reason ?? ''));
  }
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const rawBody = Buffer.concat(chunks);
    if (!verify(request.headers, rawBody, process.env.CALLBACK_SECRET)) {
      return response.writeHead(401).end();
    }
    const event = JSON.parse(rawBody);
    if (!seen.has(event.deliveryId)) {
      seen.add(event.deliveryId);
      handle(event);
    }
    response.writeHead(204).end();
  });
});

server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
