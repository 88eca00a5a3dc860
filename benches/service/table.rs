//! The table.

use crate::load::quantile;

/// A case as it was measured, a value for each round.
pub struct Row {
    pub name: &'static str,
    pub goal: f64,
    pub service: Vec<f64>,
    pub pgbench: Vec<f64>,
    pub bare: Vec<f64>,
    pub latencies: Vec<u32>,
    pub bytes: usize,
    /// Memory of the service before and at most during the case, in MiB.
    pub idle: f64,
    pub peak: f64,
    /// Processor time of a request.
    pub service_micros: f64,
    pub postgres_micros: f64,
    pub load_micros: f64,
    /// Processor time of a transaction of pgbench, its own and PostgreSQL's.
    pub pgbench_micros: f64,
    /// The share of the used processor time that was neither ours nor PostgreSQL's.
    pub others: f64,
}

/// Prints the rows and what they say about the goals; true when all are met.
pub fn print(mut rows: Vec<Row>) -> bool {
    println!();
    println!(
        "{:<29} {:>9} {:>9} {:>6} {:>9} {:>7} {:>8} {:>8} {:>10} {:>11} {:>22} {:>8} {:>6}",
        "case",
        "service/s",
        "pgbench/s",
        "ratio",
        "bare/s",
        "of bare",
        "p50 ms",
        "p99 ms",
        "bytes",
        "memory MiB",
        "CPU us svc/pg/load",
        "pgbench",
        "others"
    );
    let mut missed = Vec::new();
    for row in &mut rows {
        let ours = quantile(&mut row.service, 0.5);
        let theirs = quantile(&mut row.pgbench, 0.5);
        let bare = quantile(&mut row.bare, 0.5);
        let ratio = ours / theirs;
        println!(
            "{:<29} {:>9.0} {:>9.0} {:>6.2} {:>9.0} {:>7.3} {:>8.2} {:>8.2} {:>10} {:>5.0}-{:<5.0} {:>8.0}/{:>6.0}/{:>5.0} {:>8.0} {:>5.0}%",
            row.name,
            ours,
            theirs,
            ratio,
            bare,
            ours / bare,
            f64::from(quantile(&mut row.latencies, 0.5)) / 1000.0,
            f64::from(quantile(&mut row.latencies, 0.99)) / 1000.0,
            row.bytes,
            row.idle,
            row.peak,
            row.service_micros,
            row.postgres_micros,
            row.load_micros,
            row.pgbench_micros,
            row.others * 100.0,
        );
        if ratio < row.goal {
            missed.push(format!("{} {ratio:.2} (goal {})", row.name, row.goal));
        }
    }
    let peak = rows.iter().fold(0.0, |most: f64, row| most.max(row.peak));
    if peak > 256.0 {
        missed.push(format!("memory {peak:.0} MiB (goal 256)"));
    }
    if rows.iter().any(|row| row.others > 0.1) {
        println!(
            "NOTE  the machine did other work meanwhile, which costs the service more than pgbench: run this again"
        );
    }
    println!();
    if missed.is_empty() {
        println!("Goals (reads >= 0.6, writes >= 0.5 of pgbench, memory <= 256 MiB): all met");
    } else {
        println!(
            "Goals (reads >= 0.6, writes >= 0.5 of pgbench, memory <= 256 MiB): MISSED: {}",
            missed.join("; ")
        );
    }
    missed.is_empty()
}
