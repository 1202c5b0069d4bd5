// An OTLP receiver made of the published protobuf definitions: prints what it was sent, a line of JSON each.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"

	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

func receive(path string, empty func() proto.Message) {
	http.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		message := empty()
		if err == nil && r.Header.Get("Content-Type") == "application/x-protobuf" {
			err = proto.Unmarshal(body, message)
		}
		if err != nil || len(message.ProtoReflect().GetUnknown()) > 0 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		line, _ := protojson.Marshal(message)
		fmt.Println(string(line))
		w.Header().Set("Content-Type", "application/x-protobuf")
	})
}

func main() {
	receive("/v1/traces", func() proto.Message { return &traces.ExportTraceServiceRequest{} })
	receive("/v1/metrics", func() proto.Message { return &metrics.ExportMetricsServiceRequest{} })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_ = http.Serve(listener, nil)
}
