curl https://app.aerochat.ai/bot/v1/contacts/ct_R2dE... \
-H "X-AeroChat-API-Key: <your_key>"
