// A callback endpoint: CALLBACK_SECRET=whsec_… PORT=9000 go run receiver.go
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// verify takes the bytes as they came in, before any JSON parser.
func verify(header http.Header, rawBody []byte, secret string, now time.Time) bool {
	timestamp := header.Get("X-Assistify-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Unix()-seconds > 300 || seconds-now.Unix() > 300 {
		return false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(rawBody)
	expected := "sha256=" + hex.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(header.Get("X-Assistify-Signature")), []byte(expected))
}

type event struct {
	Event          string  `json:"event"`
	ConversationID *string `json:"conversationId"` // null where an event is about no conversation
	DeliveryID     string  `json:"deliveryId"`
	Content        string  `json:"content"`
	AgentName      string  `json:"agentName"`
	Reason         string  `json:"reason"`
}

var seen sync.Map // in production: a table with a unique key on the delivery id

func handle(e event) {
	conversation := ""
	if e.ConversationID != nil {
		conversation = *e.ConversationID
	}
	switch e.Event {
	case "ai.reply", "agent.reply": // one code path: the second also has an AgentName
		fmt.Printf("%s %s %q\n", e.Event, conversation, e.Content)
	default:
		fmt.Printf("%s %s %q\n", e.Event, conversation, e.Reason)
	}
}

func endpoint(w http.ResponseWriter, r *http.Request) {
	rawBody, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !verify(r.Header, rawBody, os.Getenv("CALLBACK_SECRET"), time.Now()) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e event
	if json.Unmarshal(rawBody, &e) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, known := seen.LoadOrStore(e.DeliveryID, true); !known {
		handle(e)
	}
	w.WriteHeader(http.StatusNoContent)
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "9000"
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		panic(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	panic(http.Serve(listener, http.HandlerFunc(endpoint)))
}
