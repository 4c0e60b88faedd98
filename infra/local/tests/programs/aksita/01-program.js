const axios = require('axios');
const API_KEY = 'your-api-key-here';
const BASE_URL = 'https://api.aksita.ai';
// Step 1: Create session
async function createSession() {
const response = await axios.post(
`${BASE_URL}/api/session`,
{},
{ headers: { 'X-API-Key': API_KEY } }
);
return response.data.data.conversation_id;
}
// Step 2: Send message with optional context
async function sendMessage(conversationId, message, userContext = null) {
try {
const payload = {
conversation_id: conversationId,
message: message
};
// Add optional context if provided
if (userContext) {
payload.additional_context = userContext;
}
const response = await axios.post(
`${BASE_URL}/api/chat`,
payload,
{
headers: {
'X-API-Key': API_KEY,
'Content-Type': 'application/json'
}
}
);
return response.data.data;
} catch (error) {
if (error.response) {
// API error with response
console.error('API Error:', error.response.data.reason);
} else {
// Network error
console.error('Network Error:', error.message);
}
throw error;
}
}
// Usage
(async () => {
const sessionId = await createSession();
console.log('Session created:', sessionId);
// Example with context
const userContext = 'User: John Doe\nPlan: Premium\nCredits: 500\nStatus: Active';
const response = await sendMessage(sessionId, 'What is my current plan?', userContext);
console.log('Agent response:', response.response);
console.log('Credits used:', response.credits);
console.log('Remaining credits:', response.remaining_credits);
})();
