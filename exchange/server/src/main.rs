//! The binary `exchange`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    exchange_server::cli::run(exchange_server::serve::serve)
}
