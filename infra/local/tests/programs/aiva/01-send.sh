curl -X POST https://assistify.chat/api/v1/messages \
  -H "Authorization: Bearer ak_xxx_yyy" \
  -H "Content-Type: application/json" \
  -d '{
    "externalConversationId": "order-4821",
    "externalUserId": "user-93",
    "content": "What is your refund policy?",
    "idempotencyKey": "'"$(uuidgen)"'"
  }'
