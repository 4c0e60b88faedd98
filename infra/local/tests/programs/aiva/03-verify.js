const { createHmac, timingSafeEqual } = require('crypto');

function verify(req, secret) {
  const ts = req.headers['x-assistify-timestamp'];
  const sig = req.headers['x-assistify-signature']; // "sha256=…"
  const expected = 'sha256=' + createHmac('sha256', secret)
    .update(`${ts}.${req.rawBody}`).digest('hex');
  const a = Buffer.from(sig), b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
