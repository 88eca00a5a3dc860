//! The command line of the service; what each command does is in `commands.rs`.

use std::process::ExitCode;

use clap::Parser;
use iuc::commands::{Command, run};

/// Bodies and answers are trees of many small texts. How it is set: .cargo/config.toml.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The API of International Urban Cooperation Japan. Settings come from iuc.toml and IUC_* variables.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("iuc: {error}");
            ExitCode::FAILURE
        }
    }
}
