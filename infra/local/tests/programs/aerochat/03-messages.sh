curl "https://app.aerochat.ai/bot/v1/conversations/cv_7Hq2.../messages?limit=50" \
-H "X-AeroChat-API-Key: <your_key>"
