//! The commands, one file for each noun: its words, its requests, its answers.

pub(crate) mod approval;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod client;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod credential;
pub(crate) mod default;
pub(crate) mod doctor;
pub(crate) mod dump;
pub(crate) mod freeze;
pub(crate) mod get;
pub(crate) mod identity;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod inject;
pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod mapping;
pub(crate) mod plan;
pub(crate) mod restore; // back to what it was
pub(crate) mod principal;
pub(crate) mod resolve;
pub(crate) mod rotation;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod service;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod template;
pub(crate) mod token;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod webhook;
pub(crate) mod workspace;
