// The verification sample of the documentation, run over one request: verify.js <request> <secret>.
const { createHmac, timingSafeEqual } = require('crypto');

function verify(req, secret) {
  const ts = req.headers['x-assistify-timestamp'];
  const sig = req.headers['x-assistify-signature'];
  const expected = 'sha256=' + createHmac('sha256', secret).update(`${ts}.${req.rawBody}`).digest('hex');
  const a = Buffer.from(sig), b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}

console.log(verify(JSON.parse(process.argv[2]), process.argv[3]));
