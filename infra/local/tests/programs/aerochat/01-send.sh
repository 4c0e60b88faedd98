curl -X POST https://app.aerochat.ai/bot/v1/conversations/messages \
-H "X-AeroChat-API-Key: <your_key>" \
-H "Content-Type: application/json" \
-d '{"message":"what are your opening hours?"}'
