//! axum: routes, authentication, problem documents
