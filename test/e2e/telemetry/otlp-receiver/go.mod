module chaperone/otlp-receiver

go 1.22.0

require (
	go.opentelemetry.io/proto/otlp v1.5.0
	google.golang.org/protobuf v1.36.5
)

require (
	github.com/grpc-ecosystem/grpc-gateway/v2 v2.25.1 // indirect
	golang.org/x/net v0.33.0 // indirect
	golang.org/x/sys v0.29.0 // indirect
	golang.org/x/text v0.21.0 // indirect
	google.golang.org/genproto/googleapis/api v0.0.0-20250102185135-69823020774d // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20250102185135-69823020774d // indirect
	google.golang.org/grpc v1.69.2 // indirect
)
