// Package compat pins LiveKit's Go SDK, whose own integration tests run against this server
// (make test-go-sdk).
package compat

import _ "github.com/livekit/server-sdk-go/v2"
