curl https://assistify.chat/api/v1/conversations/order-4821 \
  -H "Authorization: Bearer ak_xxx_yyy"
