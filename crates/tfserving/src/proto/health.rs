//! The health protocol that gRPC servers share: `grpc/health/v1/health.proto`.

use prost::Message;

/// What `grpc.health.v1.Health.Check` takes.
#[derive(Clone, PartialEq, Message)]
pub struct HealthCheckRequest {
    /// Empty means the server as a whole.
    #[prost(string, tag = "1")]
    pub service: String,
}

/// What it gives.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct HealthCheckResponse {
    /// 0 unknown, 1 serving, 2 not serving, 3 service unknown.
    #[prost(int32, tag = "1")]
    pub status: i32,
}
